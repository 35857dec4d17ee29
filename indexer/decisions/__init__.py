"""What a person decided and which names were given: never derived, never lost."""
