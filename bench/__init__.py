"""What pykcov costs, beside its alternatives. `make bench` runs all of it."""
