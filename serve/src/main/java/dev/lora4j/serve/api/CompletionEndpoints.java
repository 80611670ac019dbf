package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.llm.chat.ChatFormat;
import dev.lora4j.llm.tokenizer.Message;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.serve.engine.AdapterLease;
import dev.lora4j.serve.engine.BatchScheduler;
import dev.lora4j.serve.engine.ServedModel;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** {@code /v1/chat/completions} and {@code /v1/completions}. */
final class CompletionEndpoints {
  private static final int MAX_TOP_LOGPROBS = 20;
  private static final String NOT_YET = "leave it out";

  private final ServedModel served;
  private final BatchScheduler scheduler;

  CompletionEndpoints(ServedModel served, BatchScheduler scheduler) {
    this.served = served;
    this.scheduler = scheduler;
  }

  void chat(Exchange exchange) throws IOException {
    Params params = new Params(exchange.body());
    String model = params.requiredText("model");
    List<Message> messages = ChatMessages.read(params);
    List.of("tools", "functions").forEach(name -> params.refuse(name, NOT_YET));
    requirePlainText(params);
    boolean logProbs = params.flag("logprobs");
    int top = params.integer("top_logprobs", 0, MAX_TOP_LOGPROBS).orElse(0L).intValue();
    if (top > 0 && !logProbs) {
      throw ApiException.invalid("top_logprobs", "top_logprobs needs logprobs: true");
    }
    SamplingParams sampling =
        SamplingParams.of(params, served.vocabularySize(), logProbs ? top : -1);
    int[] prompt = withFormat(model, format -> format.prompt(messages));
    respond(
        exchange,
        params,
        CompletionJob.submit(served, scheduler, model, prompt, "messages", sampling),
        tokenizer -> new ChatShape(logProbs, id -> tokenizer.decode(Math.toIntExact(id))),
        model);
  }

  void text(Exchange exchange) throws IOException {
    Params params = new Params(exchange.body());
    String model = params.requiredText("model");
    params.refuse("suffix", NOT_YET);
    Optional<Long> top = params.integer("logprobs", 0, MAX_TOP_LOGPROBS);
    SamplingParams sampling =
        SamplingParams.of(params, served.vocabularySize(), top.map(Long::intValue).orElse(-1));
    JsonNode given = params.required("prompt");
    boolean echo = params.flag("echo");
    int[] prompt = withFormat(model, format -> prompt(given, format.tokenizer()));
    String echoed =
        echo ? withFormat(model, format -> format.tokenizer().decodeSkippingSpecial(prompt)) : "";
    respond(
        exchange,
        params,
        CompletionJob.submit(served, scheduler, model, prompt, "prompt", sampling),
        tokenizer ->
            new TextShape(top.isPresent(), echoed, id -> tokenizer.decode(Math.toIntExact(id))),
        model);
  }

  private static void respond(
      Exchange exchange,
      Params params,
      CompletionJob job,
      Function<Tokenizer, CompletionShape> shape,
      String model)
      throws IOException {
    Answer answer;
    boolean stream;
    boolean usage;
    try {
      answer = new Answer(job, shape.apply(job.tokenizer()), model);
      stream = params.flag("stream");
      usage = includesUsage(params, stream);
    } catch (RuntimeException e) {
      job.cancel();
      throw e;
    }
    if (stream) {
      answer.stream(exchange, usage);
    } else {
      answer.send(exchange);
    }
  }

  private static boolean includesUsage(Params params, boolean stream) {
    Optional<JsonNode> options = params.value("stream_options");
    if (options.isPresent() && !stream) {
      throw ApiException.invalid(
          "stream_options", "stream_options is allowed only with stream: true");
    }
    return options.map(value -> value.path("include_usage").asBoolean()).orElse(false);
  }

  private static void requirePlainText(Params params) {
    params
        .value("response_format")
        .filter(format -> !format.path("type").asText().equals("text"))
        .ifPresent(
            format -> {
              throw ApiException.invalid(
                  "response_format", "response_format: only type text is supported");
            });
  }

  private static int[] prompt(JsonNode given, Tokenizer tokenizer) {
    if (given.isTextual()) {
      return tokenizer.encode(given.textValue());
    }
    if (given.isArray() && given.size() == 1 && given.get(0).isTextual()) {
      return tokenizer.encode(given.get(0).textValue());
    }
    if (!given.isArray() || given.isEmpty()) {
      throw Params.wrong("prompt", "a string or a list of token ids", given);
    }
    int[] ids = new int[given.size()];
    for (int i = 0; i < ids.length; i++) {
      JsonNode id = given.get(i);
      if (!id.canConvertToInt()
          || id.intValue() < 0
          || id.intValue() >= tokenizer.vocabularySize()) {
        throw ApiException.invalid(
            "prompt",
            "prompt[%d]: expected a token id from 0 to %d, found %s"
                .formatted(i, tokenizer.vocabularySize() - 1, id));
      }
      ids[i] = id.intValue();
    }
    return ids;
  }

  private <T> T withFormat(String model, Function<ChatFormat, T> work) {
    try (AdapterLease lease = served.lease(model)) {
      return work.apply(lease.format());
    }
  }
}
