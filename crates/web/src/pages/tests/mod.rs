//! What the pages say, and what they must never say.

mod acts;
mod checklists;
mod contrast;
mod gallery;
mod night;
mod said;
mod sample;
mod served;
