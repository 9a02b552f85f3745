"""What somebody at a desk is told when the daemon is up: keys, a first booking, the mails."""

from datetime import datetime, timedelta

import click

from bookingd.config import Config


def greet(config: Config, now: datetime) -> None:
    """Print it, in development; elsewhere keys are not for the screen."""
    if not config.development:
        return
    start = (now + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    mails = f"to {config.relay.host}" if config.relay else f"to files in {config.mail_dir}/"
    click.echo(
        f"""
bookingd is up at {config.base_url} - this is development mode.

  admin key        {config.admin_key}
  publishable key  {config.public_key}   (both of .env or the environment)
  mails go         {mails}
  the API          {config.base_url}/api/docs/ui, to read and to try

Book an appointment:

  curl -i {config.base_url}/api/bookings \\
    -H 'Authorization: Bearer {config.public_key}' -H 'Content-Type: application/json' \\
    -d '{{"name": "Ada", "email": "ada@example.com", "company": "Example",
         "timeSlot": {{"startTime": "{start:%Y-%m-%dT%H:%M:%SZ}", "duration": 30}}}}'

See what is booked:

  curl {config.base_url}/api/bookings -H 'Authorization: Bearer {config.admin_key}'
"""
    )
