package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.llm.chat.ChatFormat;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.serve.engine.AdapterLease;
import dev.lora4j.serve.engine.ConstraintCache;
import dev.lora4j.serve.engine.InferenceEngine;
import dev.lora4j.serve.engine.OutputRules;
import dev.lora4j.serve.engine.ServedModels;
import dev.lora4j.serve.http.ApiException;
import dev.lora4j.serve.http.Exchange;
import dev.lora4j.serve.http.Params;
import dev.lora4j.serve.http.Route;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** {@code /v1/chat/completions} and {@code /v1/completions}. */
final class CompletionEndpoints {
  private static final int MAX_TOP_LOGPROBS = 20;
  private static final int MAX_MODALITIES = 8;
  private static final String NOT_YET = "leave it out";

  private final ServedModels models;
  private final ConstraintCache constraints = new ConstraintCache();

  CompletionEndpoints(ServedModels models) {
    this.models = models;
  }

  List<Route> routes() {
    return List.of(
        Route.post("/chat/completions", this::chat), Route.post("/completions", this::text));
  }

  private void chat(Exchange exchange) throws IOException {
    Params params = new Params(exchange.body());
    String model = params.requiredText("model");
    InferenceEngine engine = generating(model);
    ChatPrompt prompt = ChatPrompt.of(params);
    params.refuse("functions", "use tools instead");
    params.refuse("function_call", "use tool_choice instead");
    requireText(params);
    Optional<ResponseFormat> format = ResponseFormat.of(params);
    if (prompt.tools().isPresent() && format.isPresent()) {
      throw ApiException.invalid(
          "response_format", "response_format can't be JSON together with tools");
    }
    SamplingParams sampling =
        SamplingParams.of(params, engine.model().vocabularySize(), topLogProbs(params));
    Delivery delivery = Delivery.of(params);
    CompletionJob job;
    ChatShape shape;
    try (AdapterLease lease = engine.model().lease(model)) {
      ChatFormat chat = lease.format();
      OutputRules rules = rules(chat, prompt.tools(), format);
      shape = new ChatShape(rules.toolCalls());
      job = CompletionJob.submit(engine, lease, prompt.tokens(chat), "messages", sampling, rules);
    }
    respond(exchange, delivery, job, shape, model);
  }

  private InferenceEngine generating(String model) {
    InferenceEngine engine = models.of(model);
    if (!engine.model().generates()) {
      throw ApiException.invalid(
          "model",
          engine.model().name() + " is an encoder: use /v1/embeddings, it generates no texts");
    }
    return engine;
  }

  private static void requireText(Params params) {
    for (String modality : params.texts("modalities", MAX_MODALITIES)) {
      if (!modality.equals("text")) {
        throw ApiException.invalid(
            "modalities", "modalities: only \"text\" is supported, found \"" + modality + "\"");
      }
    }
  }

  /** The number of alternatives to report; −1 for no log-probabilities. */
  private static int topLogProbs(Params params) {
    boolean logProbs = params.flag("logprobs");
    int top = params.integer("top_logprobs", 0, MAX_TOP_LOGPROBS).orElse(0L).intValue();
    if (top > 0 && !logProbs) {
      throw ApiException.invalid("top_logprobs", "top_logprobs needs logprobs: true");
    }
    return logProbs ? top : -1;
  }

  private OutputRules rules(
      ChatFormat chat, Optional<ToolUse> tools, Optional<ResponseFormat> format) {
    if (tools.isPresent()) {
      return tools.get().rules(chat, constraints);
    }
    return format
        .map(json -> OutputRules.constrained(json.constraint(chat.tokenizer(), constraints)))
        .orElse(OutputRules.ANY);
  }

  private void text(Exchange exchange) throws IOException {
    Params params = new Params(exchange.body());
    String model = params.requiredText("model");
    InferenceEngine engine = generating(model);
    params.refuse("suffix", NOT_YET);
    params.refuse("best_of", "use n instead");
    Optional<Long> top = params.integer("logprobs", 0, MAX_TOP_LOGPROBS);
    SamplingParams sampling =
        SamplingParams.of(
            params, engine.model().vocabularySize(), top.map(Long::intValue).orElse(-1));
    JsonNode given = params.required("prompt");
    boolean echoes = params.flag("echo");
    Delivery delivery = Delivery.of(params);
    CompletionJob job;
    TextShape shape;
    try (AdapterLease lease = engine.model().lease(model)) {
      Tokenizer tokenizer = lease.format().tokenizer();
      int[] prompt = prompt(given, tokenizer, engine.model().vocabularySize());
      shape = new TextShape(echoes ? tokenizer.decodeSkippingSpecial(prompt) : "");
      job = CompletionJob.submit(engine, lease, prompt, "prompt", sampling, OutputRules.ANY);
    }
    respond(exchange, delivery, job, shape, model);
  }

  /** Needs no lease: the adapter may be unloaded before the client has read the whole answer. */
  private static void respond(
      Exchange exchange, Delivery delivery, CompletionJob job, CompletionShape shape, String model)
      throws IOException {
    try {
      Answer answer = new Answer(job, shape, model);
      if (delivery.streams()) {
        answer.stream(exchange, delivery.includesUsage());
      } else {
        answer.send(exchange);
      }
    } finally {
      job.cancel(); // no effect on completions that have ended
    }
  }

  private static int[] prompt(JsonNode given, Tokenizer tokenizer, int vocabularySize) {
    if (given.isTextual()) {
      return tokenizer.encode(given.textValue());
    }
    if (given.isArray() && given.size() == 1 && given.get(0).isTextual()) {
      return tokenizer.encode(given.get(0).textValue());
    }
    if (!given.isArray() || given.isEmpty()) {
      throw Params.wrong("prompt", "a string or a list of token ids", given);
    }
    return TokenIds.of("prompt", tokenizer, vocabularySize).read("prompt", given);
  }
}
