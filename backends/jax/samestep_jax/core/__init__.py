"""What every environment is built on: threefry, the contract, packed rows, the batch driver."""
