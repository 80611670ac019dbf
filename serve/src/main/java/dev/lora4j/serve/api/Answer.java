package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.llm.tool.ToolCall;
import dev.lora4j.llm.tool.ToolCallParser.Parsed;
import dev.lora4j.serve.api.PendingCompletion.End;
import dev.lora4j.serve.api.PendingCompletion.Event;
import dev.lora4j.serve.api.PendingCompletion.Failure;
import dev.lora4j.serve.api.PendingCompletion.Piece;
import dev.lora4j.serve.http.ApiException;
import dev.lora4j.serve.http.EventStream;
import dev.lora4j.serve.http.Exchange;
import dev.lora4j.serve.http.Json;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;

/** Sends the completions of a job, whole or as a stream. */
final class Answer {
  private static final long KEEP_ALIVE_MILLIS = 5_000;

  private final CompletionJob job;
  private final CompletionShape shape;
  private final String model;
  private final String id;
  private final long created = Instant.now().getEpochSecond();
  private final List<Choice> choices;
  private int completionTokens;
  private long cachedTokens = Long.MAX_VALUE; // of the completion that found the fewest

  /** The parts of one completion that have arrived. */
  private static final class Choice {
    private final StringBuilder text = new StringBuilder();
    private final List<TokenLogProb> logProbs =
        new ArrayList<>(); // in a stream, those not sent yet
    private final List<ToolCall> calls = new ArrayList<>();

    void add(Parsed parsed) {
      text.append(parsed.text());
      calls.addAll(parsed.calls());
    }
  }

  Answer(CompletionJob job, CompletionShape shape, String model) {
    this.job = job;
    this.shape = shape;
    this.model = model;
    id = shape.idPrefix() + UUID.randomUUID().toString().replace("-", "");
    choices = IntStream.range(0, job.count()).mapToObj(i -> new Choice()).toList();
  }

  // ---- whole ----

  void send(Exchange exchange) throws IOException {
    exchange.onDisconnect(job::cancel);
    ObjectNode[] ended = new ObjectNode[job.count()];
    for (int left = job.count(); left > 0; ) {
      Event event = job.next(Long.MAX_VALUE).orElseThrow();
      Choice choice = choices.get(event.index());
      if (event instanceof Piece piece) {
        piece.logProb().ifPresent(choice.logProbs::add);
        choice.add(piece.parsed());
      } else if (event instanceof End end) {
        count(end);
        choice.add(end.parsed());
        ended[end.index()] =
            shape.choice(
                end.index(), choice.text.toString(), choice.calls, choice.logProbs, end.finish());
        left--;
      } else if (event instanceof Failure failure) {
        throw ApiException.of(failure.cause());
      }
    }
    ObjectNode answer = header(false);
    ArrayNode all = answer.putArray("choices");
    List.of(ended).forEach(all::add);
    answer.set("usage", usage());
    exchange.send(200, answer);
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
      for (int i = 0; i < job.count(); i++) {
        Optional<ObjectNode> opening = shape.opening(i);
        if (opening.isPresent()) {
          events.data(chunk(opening.get(), includeUsage));
        }
      }
      Optional<Throwable> failure = follow(events, includeUsage);
      if (failure.isPresent()) {
        events.error(ApiException.of(failure.get()).body());
        return;
      }
      if (includeUsage) {
        ObjectNode last = header(true);
        last.putArray("choices");
        last.set("usage", usage());
        events.data(last);
      }
      events.done();
    }
  }

  /** Sends all events; returns the failure that ended them, if any. */
  private Optional<Throwable> follow(EventStream events, boolean includeUsage) throws IOException {
    for (int left = job.count(); left > 0; ) {
      Optional<Event> next = job.next(KEEP_ALIVE_MILLIS);
      if (next.isEmpty()) {
        events.keepAlive();
      } else if (next.get() instanceof Piece piece) {
        Choice choice = choices.get(piece.index());
        piece.logProb().ifPresent(choice.logProbs::add);
        send(events, piece.index(), piece.parsed(), false, includeUsage);
      } else if (next.get() instanceof End end) {
        count(end);
        boolean pending = !choices.get(end.index()).logProbs.isEmpty();
        send(events, end.index(), end.parsed(), pending, includeUsage);
        events.data(chunk(shape.closing(end.index(), end.finish()), includeUsage));
        left--;
      } else if (next.get() instanceof Failure failure) {
        return Optional.of(failure.cause());
      }
    }
    return Optional.empty();
  }

  /**
   * Sends text and tool calls.
   *
   * @param always whether to send a chunk even without text, for the tokens that are pending
   */
  private void send(
      EventStream events, int index, Parsed parsed, boolean always, boolean includeUsage)
      throws IOException {
    Choice choice = choices.get(index);
    if (always || !parsed.text().isEmpty()) {
      delta(events, index, parsed.text(), includeUsage);
    }
    if (!parsed.calls().isEmpty()) {
      ObjectNode delta = shape.calls(index, choice.calls.size(), parsed.calls());
      choice.calls.addAll(parsed.calls());
      choice.logProbs.clear();
      events.data(chunk(delta, includeUsage));
    }
  }

  private void delta(EventStream events, int index, String text, boolean includeUsage)
      throws IOException {
    Choice choice = choices.get(index);
    ObjectNode delta = shape.delta(index, text, choice.text.length(), choice.logProbs);
    choice.text.append(text);
    choice.logProbs.clear();
    events.data(chunk(delta, includeUsage));
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

  private void count(End end) {
    completionTokens += end.tokens();
    cachedTokens = Math.min(cachedTokens, end.cached());
  }

  private ObjectNode usage() {
    ObjectNode usage =
        Json.object()
            .put("prompt_tokens", job.promptTokens())
            .put("completion_tokens", completionTokens)
            .put("total_tokens", job.promptTokens() + completionTokens);
    usage.putObject("prompt_tokens_details").put("cached_tokens", cachedTokens);
    return usage;
  }
}
