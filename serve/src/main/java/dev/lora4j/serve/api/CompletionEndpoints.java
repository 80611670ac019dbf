package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.llm.chat.ChatFormat;
import dev.lora4j.llm.tokenizer.Message;
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
    InferenceEngine engine = models.of(model);
    List<Message> messages = ChatMessages.read(params);
    params.refuse("functions", "use tools instead");
    params.refuse("function_call", "use tool_choice instead");
    Optional<ToolUse> tools = ToolUse.of(params);
    Optional<ResponseFormat> format = ResponseFormat.of(params);
    if (tools.isPresent() && format.isPresent()) {
      throw ApiException.invalid(
          "response_format", "response_format can't be JSON together with tools");
    }
    boolean logProbs = params.flag("logprobs");
    int top = params.integer("top_logprobs", 0, MAX_TOP_LOGPROBS).orElse(0L).intValue();
    if (top > 0 && !logProbs) {
      throw ApiException.invalid("top_logprobs", "top_logprobs needs logprobs: true");
    }
    SamplingParams sampling =
        SamplingParams.of(params, engine.model().vocabularySize(), logProbs ? top : -1);
    try (AdapterLease lease = engine.model().lease(model)) {
      ChatFormat chat = lease.format();
      OutputRules rules = rules(chat, tools, format);
      int[] prompt =
          tools.isPresent() ? chat.prompt(messages, tools.get().tools()) : chat.prompt(messages);
      ChatShape shape = new ChatShape(logProbs, rules.toolCalls(), id -> text(lease, id));
      CompletionJob job = CompletionJob.submit(engine, lease, prompt, "messages", sampling, rules);
      respond(exchange, params, job, shape, model);
    }
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

  private static String text(AdapterLease lease, long token) {
    return lease.format().tokenizer().decode(Math.toIntExact(token));
  }

  private void text(Exchange exchange) throws IOException {
    Params params = new Params(exchange.body());
    String model = params.requiredText("model");
    InferenceEngine engine = models.of(model);
    params.refuse("suffix", NOT_YET);
    params.refuse("best_of", "use n instead");
    Optional<Long> top = params.integer("logprobs", 0, MAX_TOP_LOGPROBS);
    SamplingParams sampling =
        SamplingParams.of(
            params, engine.model().vocabularySize(), top.map(Long::intValue).orElse(-1));
    JsonNode given = params.required("prompt");
    try (AdapterLease lease = engine.model().lease(model)) {
      Tokenizer tokenizer = lease.format().tokenizer();
      int[] prompt = prompt(given, tokenizer, engine.model().vocabularySize());
      String echo = params.flag("echo") ? tokenizer.decodeSkippingSpecial(prompt) : "";
      TextShape shape = new TextShape(top.isPresent(), echo, id -> text(lease, id));
      CompletionJob job =
          CompletionJob.submit(engine, lease, prompt, "prompt", sampling, OutputRules.ANY);
      respond(exchange, params, job, shape, model);
    }
  }

  private static void respond(
      Exchange exchange, Params params, CompletionJob job, CompletionShape shape, String model)
      throws IOException {
    try {
      Answer answer = new Answer(job, shape, model);
      boolean stream = params.flag("stream");
      boolean usage = includesUsage(params, stream);
      if (stream) {
        answer.stream(exchange, usage);
      } else {
        answer.send(exchange);
      }
    } finally {
      job.cancel(); // no effect on completions that have ended
    }
  }

  private static boolean includesUsage(Params params, boolean stream) {
    Optional<JsonNode> options = params.value("stream_options");
    if (options.isPresent() && !stream) {
      throw ApiException.invalid(
          "stream_options", "stream_options is allowed only with stream: true");
    }
    return options.map(CompletionEndpoints::includesUsage).orElse(false);
  }

  private static boolean includesUsage(JsonNode options) {
    if (options instanceof ObjectNode object) {
      return new Params(object).flag("include_usage");
    }
    throw Params.wrong("stream_options", "an object", options);
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
