"""What an administrator does to the tree, its settings and its people."""
