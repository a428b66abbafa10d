"""feedparser reads a feed: its title, its entries, and whether anything is wrong with it."""

import json
import sys

import feedparser

feed = feedparser.parse(sys.argv[1])
entries = [{"id": one.id, "title": one.title, "link": one.link, "text": one.summary} for one in feed.entries]
print(json.dumps({"version": feed.version, "bozo": repr(feed.get("bozo_exception", "")), "entries": entries}))
