package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.serve.api.PendingCompletion.End;
import dev.lora4j.serve.api.PendingCompletion.Event;
import dev.lora4j.serve.api.PendingCompletion.Failure;
import dev.lora4j.serve.api.PendingCompletion.Piece;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Sends the completions of a job, whole or as a stream. */
final class Answer {
  private static final long KEEP_ALIVE_MILLIS = 5_000;
  private static final long POLL_MILLIS = 20;

  private final CompletionJob job;
  private final CompletionShape shape;
  private final String model;
  private final String id;
  private final long created = Instant.now().getEpochSecond();
  private int completionTokens;

  Answer(CompletionJob job, CompletionShape shape, String model) {
    this.job = job;
    this.shape = shape;
    this.model = model;
    id = shape.idPrefix() + UUID.randomUUID().toString().replace("-", "");
  }

  // ---- whole ----

  void send(Exchange exchange) throws IOException {
    exchange.onDisconnect(job::cancel);
    ObjectNode answer = header(false);
    ArrayNode choices = answer.putArray("choices");
    for (int i = 0; i < job.completions().size(); i++) {
      choices.add(choice(i, job.completions().get(i)));
    }
    answer.set("usage", usage());
    exchange.send(200, answer);
  }

  private ObjectNode choice(int index, PendingCompletion completion) {
    StringBuilder text = new StringBuilder();
    List<Piece> pieces = new ArrayList<>();
    while (true) {
      Event event = completion.next(Long.MAX_VALUE).orElseThrow();
      if (event instanceof Piece piece) {
        pieces.add(piece);
        text.append(piece.text());
      } else if (event instanceof End end) {
        completionTokens += pieces.size();
        String all = text + end.text();
        return shape.choice(index, all, pieces, PendingCompletion.name(end.reason()));
      } else if (event instanceof Failure failure) {
        job.cancel();
        throw ApiException.of(failure.cause());
      }
    }
  }

  // ---- stream ----

  /**
   * Streams the completions.
   *
   * @param includeUsage whether a last chunk has the usage
   */
  void stream(Exchange exchange, boolean includeUsage) throws IOException {
    exchange.onDisconnect(job::cancel);
    try (EventStream events = exchange.events()) {
      int count = job.completions().size();
      for (int i = 0; i < count; i++) {
        Optional<ObjectNode> opening = shape.opening(i);
        if (opening.isPresent()) {
          events.data(chunk(opening.get(), includeUsage));
        }
      }
      Optional<Throwable> failure = follow(events, includeUsage);
      if (failure.isPresent()) {
        failed(events, failure.get());
        return;
      }
      if (includeUsage) {
        ObjectNode last = header(true);
        last.putArray("choices");
        last.set("usage", usage());
        events.data(last);
      }
      events.done();
    } catch (IOException e) {
      job.cancel();
      throw e;
    }
  }

  private void failed(EventStream events, Throwable cause) throws IOException {
    job.cancel();
    events.error(ApiException.of(cause).body());
  }

  /** Sends all events; returns the failure that ended them, if any. */
  private Optional<Throwable> follow(EventStream events, boolean includeUsage) throws IOException {
    int count = job.completions().size();
    boolean[] ended = new boolean[count];
    long idleSince = System.nanoTime();
    for (int left = count; left > 0; ) {
      for (int i = 0; i < count; i++) {
        if (ended[i]) {
          continue;
        }
        // Several completions take turns; a single one waits for its next event.
        Optional<Event> next =
            job.completions().get(i).next(count == 1 ? KEEP_ALIVE_MILLIS : POLL_MILLIS);
        if (next.isEmpty()) {
          if (System.nanoTime() - idleSince > KEEP_ALIVE_MILLIS * 1_000_000) {
            events.keepAlive();
            idleSince = System.nanoTime();
          }
          continue;
        }
        idleSince = System.nanoTime();
        if (next.get() instanceof Failure failure) {
          return Optional.of(failure.cause());
        }
        ended[i] = send(events, i, next.get(), includeUsage);
        left -= ended[i] ? 1 : 0;
      }
    }
    return Optional.empty();
  }

  /** Sends an event; returns whether it was the completion's last. */
  private boolean send(EventStream events, int index, Event event, boolean includeUsage)
      throws IOException {
    if (event instanceof Piece piece) {
      completionTokens++;
      if (!piece.text().isEmpty()) {
        events.data(chunk(shape.delta(index, piece.text(), Optional.of(piece)), includeUsage));
      }
      return false;
    }
    End end = (End) event;
    if (!end.text().isEmpty()) {
      events.data(chunk(shape.delta(index, end.text(), Optional.empty()), includeUsage));
    }
    String finish = PendingCompletion.name(end.reason());
    events.data(chunk(shape.closing(index, finish), includeUsage));
    return true;
  }

  private ObjectNode chunk(ObjectNode choice, boolean includeUsage) {
    ObjectNode chunk = header(true);
    chunk.putArray("choices").add(choice);
    if (includeUsage) {
      chunk.putNull("usage");
    }
    return chunk;
  }

  // ---- both ----

  private ObjectNode header(boolean chunk) {
    return Json.object()
        .put("id", id)
        .put("object", shape.object(chunk))
        .put("created", created)
        .put("model", model);
  }

  private ObjectNode usage() {
    return Json.object()
        .put("prompt_tokens", job.promptTokens())
        .put("completion_tokens", completionTokens)
        .put("total_tokens", job.promptTokens() + completionTokens);
  }
}
