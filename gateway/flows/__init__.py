"""What happens to a fax, one module per step; flows do not call one another."""
