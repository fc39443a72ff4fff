"""Methods that over-sample, then under-sample or clean."""
