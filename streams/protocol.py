"""What the application and the stream process must agree on."""

# PostgreSQL notifies on this channel when events commit, and the relay publishes the same on the Redis channel of this name.
# The payload lists the people who have news, `12,57`; an empty one means that anybody may have some. It is a wake-up, no more.
CHANNEL = "events"
# What the relay publishes when nothing happens, so that silence tells streams to look for themselves.
BEAT, BEAT_SECONDS = "-", 1.0

# Access tokens as the API signs them, and tokens that open a stream and nothing else.
ALGORITHM = "HS256"
ISSUER = "jobboard"
ACCESS_AUDIENCE = "jobboard"
STREAM_AUDIENCE = "jobboard-events"
ACCESS_COOKIE = "access_token"

# How long a token for `?token=` opens a stream, in seconds. Short, because addresses end up in logs.
STREAM_TOKEN_SECONDS = 60

# Events are purged after this many hours; a stream continues an hour less far back, so that it never meets half-purged days.
KEPT_HOURS = 24
REPLAYED_HOURS = 23

# Ids encode their time: milliseconds since this moment (2024-01-01 in UTC, seconds since 1970), shifted by twelve bits.
EPOCH_SECONDS = 1_704_067_200
SEQUENCE_BITS = 12
LARGEST_ID = 2**53 - 1


def first_id_at(seconds: float) -> int:
    """The smallest event id that can be made at a time, given in seconds since 1970."""
    return max(0, int((seconds - EPOCH_SECONDS) * 1000)) << SEQUENCE_BITS
