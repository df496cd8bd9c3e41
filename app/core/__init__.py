"""What every feature needs and none owns: clock, problems, access policy, transactions, durable tasks, storage, pagination."""
