"""Mail in and out: listener, parsing, proof of sender, messages, relay."""
