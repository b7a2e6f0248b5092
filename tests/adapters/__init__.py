"""What fits the Rust backend to trainers, against the real packages."""
