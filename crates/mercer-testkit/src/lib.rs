//! What tests share: data folders, temporary projects, broken inputs.
