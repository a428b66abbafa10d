//! A collection of credentials: durable in the store, looked up in memory.
//!
//! It knows neither what a credential allows nor who sent it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use calendar::Instant;
use engine::{Engine, View};
use problem::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::secret::SecretHash;

/// Something that stops being valid.
pub(crate) trait Expires {
    /// From then on it is not valid.
    fn expires_at(&self) -> Instant;
}

/// Credentials of one kind, by the hash of their secret.
#[derive(Debug)]
pub(crate) struct Shelf<T> {
    collection: &'static str,
    items_max: usize,
    items: RwLock<HashMap<SecretHash, Arc<T>>>,
}

impl<T: Expires + Serialize + DeserializeOwned> Shelf<T> {
    /// Reads the collection. A document that cannot be read is left where it is and lets nobody in.
    pub(crate) fn load(view: &View, collection: &'static str, items_max: usize) -> Result<Shelf<T>, Problem> {
        let mut items = HashMap::new();
        for (id, body) in view.documents(collection)? {
            match (SecretHash::parse(&id), serde_json::from_slice::<T>(&body)) {
                (Some(hash), Ok(item)) => drop(items.insert(hash, Arc::new(item))),
                _ => tracing::warn!(access.collection = collection, "a credential in the store cannot be read"),
            }
        }
        Ok(Shelf { collection, items_max, items: RwLock::new(items) })
    }

    pub(crate) fn get(&self, hash: &SecretHash) -> Option<Arc<T>> {
        self.items.read().unwrap_or_else(PoisonError::into_inner).get(hash).cloned()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Everything on it, in no order.
    pub(crate) fn all(&self) -> Vec<(SecretHash, Arc<T>)> {
        let items = self.items.read().unwrap_or_else(PoisonError::into_inner);
        items.iter().map(|(hash, item)| (*hash, item.clone())).collect()
    }

    /// Puts one on the shelf; it is valid once it is durable. Full shelves first lose what has expired.
    pub(crate) async fn put(&self, engine: &Engine, hash: SecretHash, item: T) -> Result<Arc<T>, Problem> {
        self.make_room(engine).await?;
        let body = serde_json::to_vec(&item).expect("a credential is plain texts, lists and instants");
        engine.put_document(self.collection, &hash.to_string(), Some(body)).await?;
        let item = Arc::new(item);
        self.items.write().unwrap_or_else(PoisonError::into_inner).insert(hash, item.clone());
        Ok(item)
    }

    /// Takes one off, at most once: of two callers one gets it. It is invalid at once; an error of the store gives it back.
    pub(crate) async fn take(&self, engine: &Engine, hash: SecretHash) -> Result<Option<Arc<T>>, Problem> {
        let taken = self.items.write().unwrap_or_else(PoisonError::into_inner).remove(&hash);
        let Some(item) = taken else { return Ok(None) };
        if let Err(problem) = engine.put_document(self.collection, &hash.to_string(), None).await {
            self.items.write().unwrap_or_else(PoisonError::into_inner).insert(hash, item);
            return Err(problem);
        }
        Ok(Some(item))
    }

    async fn make_room(&self, engine: &Engine) -> Result<(), Problem> {
        let len = || self.items.read().unwrap_or_else(PoisonError::into_inner).len();
        if len() < self.items_max {
            return Ok(());
        }
        let now = engine.now();
        for (hash, item) in self.all() {
            if item.expires_at() <= now {
                self.take(engine, hash).await?;
            }
        }
        if len() < self.items_max {
            return Ok(());
        }
        let detail = format!("{} {} are valid, which is the limit", self.items_max, self.collection);
        Err(Problem::new(&problem::CREDENTIALS_TOO_MANY, detail))
    }
}
