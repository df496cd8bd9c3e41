"""Applications with their history, interviews, and the files that came with them."""
