"""What agents are told: written to PostgreSQL with the change it tells of, then carried to their queues in RabbitMQ."""
