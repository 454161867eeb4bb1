"""What holds other contents."""
