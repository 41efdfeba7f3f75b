"""The one task that the queue knows; procrastinate finds this module by its name."""

from procrastinate.contrib.django import app


@app.task(name="tirek.job", queue="jobs")
def run_job(job_id: int) -> None:
    """Run a job row; see tirek.storage.jobs."""
    from tirek.storage import jobs

    jobs.run(job_id)
