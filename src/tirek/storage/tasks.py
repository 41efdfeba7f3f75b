"""The one task that the queue knows; procrastinate finds this module by its name."""

from procrastinate.contrib.django import app

from tirek.storage.jobs import QUEUE, TASK


@app.task(name=TASK, queue=QUEUE)
def run_job(job_id: int) -> None:
    """Run a job row; see tirek.storage.jobs."""
    from tirek.storage import jobs

    jobs.run(job_id)
