"""What people are told inside the application, once per real change; monthly partitions, counted without counting."""
