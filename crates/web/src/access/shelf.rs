//! A collection of credentials: durable in the store, looked up in memory.
//!
//! It knows neither what a credential allows nor who sent it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use calendar::Instant;
use engine::audit::Act;
use engine::{Engine, View};
use journal::DocumentChange;
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
        let items = RwLock::new(Shelf::read(view, collection)?);
        Ok(Shelf { collection, items_max, items })
    }

    /// Puts what the store has on the shelf: other nodes put and take as well.
    pub(crate) async fn refresh(&self, engine: &Engine) -> Result<(), Problem>
    where
        T: Send + Sync + 'static,
    {
        let collection = self.collection;
        let items = engine.read(move |view| Shelf::read(view, collection)).await?;
        *self.items.write().unwrap_or_else(PoisonError::into_inner) = items;
        Ok(())
    }

    fn read(view: &View, collection: &'static str) -> Result<HashMap<SecretHash, Arc<T>>, Problem> {
        let mut items = HashMap::new();
        for (id, body) in view.documents(collection)? {
            match (SecretHash::parse(&id), serde_json::from_slice::<T>(&body)) {
                (Some(hash), Ok(item)) => drop(items.insert(hash, Arc::new(item))),
                _ => tracing::warn!(access.collection = collection, "a credential in the store cannot be read"),
            }
        }
        Ok(items)
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
    pub(crate) async fn put(
        &self,
        engine: &Engine,
        hash: SecretHash,
        item: T,
        act: Option<Act>,
    ) -> Result<Arc<T>, Problem> {
        self.make_room(engine).await?;
        let body = serde_json::to_vec(&item).expect("a credential is plain texts, lists and instants");
        self.write(engine, hash, (Some(body), act)).await?;
        let item = Arc::new(item);
        self.items.write().unwrap_or_else(PoisonError::into_inner).insert(hash, item.clone());
        Ok(item)
    }

    /// Takes one off, at most once: of two callers one gets it. It is invalid at once; an error of the store gives it back.
    pub(crate) async fn take(
        &self,
        engine: &Engine,
        hash: SecretHash,
        act: Option<Act>,
    ) -> Result<Option<Arc<T>>, Problem> {
        let taken = self.items.write().unwrap_or_else(PoisonError::into_inner).remove(&hash);
        let Some(item) = taken else { return Ok(None) };
        if let Err(problem) = self.write(engine, hash, (None, act)).await {
            self.items.write().unwrap_or_else(PoisonError::into_inner).insert(hash, item);
            return Err(problem);
        }
        Ok(Some(item))
    }

    /// One transaction with the act that this is, where it is one.
    async fn write(
        &self,
        engine: &Engine,
        hash: SecretHash,
        (body, act): (Option<Vec<u8>>, Option<Act>),
    ) -> Result<(), Problem> {
        let (collection, id) = (self.collection.to_owned(), hash.to_string());
        match act {
            Some(act) => engine.change_documents(vec![DocumentChange { collection, id, body }], act).await,
            None => engine.put_document(&collection, &id, body).await,
        }
    }

    async fn make_room(&self, engine: &Engine) -> Result<(), Problem> {
        let len = || self.items.read().unwrap_or_else(PoisonError::into_inner).len();
        if len() < self.items_max {
            return Ok(());
        }
        let now = engine.now();
        for (hash, item) in self.all() {
            if item.expires_at() <= now {
                self.take(engine, hash, None).await?;
            }
        }
        if len() < self.items_max {
            return Ok(());
        }
        let detail = format!("{} {} are valid, which is the limit", self.items_max, self.collection);
        Err(Problem::new(&problem::CREDENTIALS_TOO_MANY, detail))
    }
}
