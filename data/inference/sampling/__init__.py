"""A log's sample and its columns' profiles: what every guess is made from."""
