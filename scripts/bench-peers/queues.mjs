// Job queues as others would use them: fills the queue, runs it dry, prints jobs a second.
//
//   node queues.mjs graphile-worker|pg-boss single|batched URL JOBS
import { run, makeWorkerUtils } from "graphile-worker";
import pg from "pg";
import PgBoss from "pg-boss";

const [peer, mode, url, jobsText] = process.argv.slice(2);
const jobs = Number(jobsText);
// A URL of ours names the socket's directory, the port and the user in its query.
const query = new URL(url.replace("postgresql:///", "postgresql://localhost/"));
const place = {
  host: query.searchParams.get("host"),
  port: Number(query.searchParams.get("port")),
  user: query.searchParams.get("user"),
  database: query.pathname.slice(1),
};

const seconds = (since) => Number(process.hrtime.bigint() - since) / 1e9;

async function graphile() {
  const pool = new pg.Pool({ ...place, max: 10 });
  const utils = await makeWorkerUtils({ pgPool: pool });
  await utils.migrate();
  await pool.query(
    "SELECT graphile_worker.add_jobs(array_agg(json_populate_record(null::graphile_worker.job_spec, " +
      `'{"identifier":"noop","payload":{}}'))) FROM generate_series(1, ${jobs})`,
  );
  await pool.query("VACUUM ANALYZE");
  let done = 0;
  let finish;
  const dry = new Promise((resolve) => (finish = resolve));
  const worker = mode === "batched"
    ? { concurrentJobs: 24, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 }
    : { concurrentJobs: 8 };
  const began = process.hrtime.bigint();
  const runner = await run({
    pgPool: pool,
    preset: { worker },
    noHandleSignals: true,
    taskList: { noop: async () => { if (++done === jobs) finish(); } },
  });
  await dry;
  const rate = jobs / seconds(began);
  await runner.stop();
  await utils.release();
  await pool.end();
  return rate;
}

async function pgBoss() {
  const boss = new PgBoss({ ...place, supervise: false, schedule: false });
  await boss.start();
  await boss.createQueue("noop");
  for (let sent = 0; sent < jobs; sent += 1000) {
    await boss.insert(Array.from({ length: Math.min(1000, jobs - sent) }, () => ({ name: "noop", data: {} })));
  }
  const began = process.hrtime.bigint();
  let done = 0;
  const fetcher = async () => {
    for (;;) {
      const batch = await boss.fetch("noop", { batchSize: 500 });
      if (batch.length === 0) return;
      await boss.complete("noop", batch.map((job) => job.id));
      done += batch.length;
    }
  };
  await Promise.all([fetcher(), fetcher(), fetcher(), fetcher()]);
  const rate = done / seconds(began);
  await boss.stop({ graceful: false });
  return rate;
}

const quiet = console.log;
console.log = console.error;
console.info = console.error;
const rate = peer === "pg-boss" ? await pgBoss() : await graphile();
quiet(Math.floor(rate));
process.exit(0);
