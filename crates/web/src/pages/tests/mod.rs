//! What the pages say, and what they must never say.

mod acts;
mod contrast;
mod gallery;
mod said;
mod sample;
mod served;
