//! A project: its configuration, its run and what the run leaves behind.
