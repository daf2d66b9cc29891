"""What all files of a server's configuration have in common: reading YAML, telling mistakes, showing plans, writing."""
