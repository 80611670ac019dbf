package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.serve.http.ApiException;
import dev.lora4j.serve.http.EventStream;
import dev.lora4j.serve.http.Exchange;
import dev.lora4j.serve.jobs.EventLog.EventPage;
import dev.lora4j.serve.jobs.FineTuningJobs;
import java.io.IOException;
import java.util.concurrent.Semaphore;

/** Sends the events of a job as they happen, the oldest first, until the job ends. */
final class JobEventStream {
  private static final Semaphore AT_ONCE = new Semaphore(32); // each occupies a thread
  private static final long KEEP_ALIVE_MILLIS = 5_000;

  private final FineTuningJobs jobs;
  private final String id;

  JobEventStream(FineTuningJobs jobs, String id) {
    this.jobs = jobs;
    this.id = id;
  }

  void send(Exchange exchange) throws IOException {
    jobs.get(id); // refuses an unknown one before the stream begins
    if (!AT_ONCE.tryAcquire()) {
      throw new ApiException(
          429, "rate_limit_error", "too many streams of events", null, "rate_limit_exceeded");
    }
    try (EventStream stream = exchange.events()) {
      if (!exchange.isHead()) {
        follow(stream);
        stream.done();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      AT_ONCE.release();
    }
  }

  private void follow(EventStream stream) throws IOException, InterruptedException {
    long position = 0;
    while (true) {
      long version = jobs.version(id);
      boolean ended = jobs.get(id).status().isFinal() || jobs.isClosed();
      EventPage page = jobs.events(id, position);
      for (JsonNode event : page.events()) {
        stream.data(event);
      }
      position = page.end();
      if (ended) {
        return;
      }
      if (page.events().isEmpty()) {
        stream.keepAlive();
      }
      jobs.awaitChange(id, version, KEEP_ALIVE_MILLIS);
    }
  }
}
