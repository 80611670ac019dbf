package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.llm.generate.Sampling;
import dev.lora4j.serve.engine.TokenChoice;
import dev.lora4j.serve.http.ApiException;
import dev.lora4j.serve.http.Params;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;

/**
 * The parameters that all completions share.
 *
 * @param count number of completions, OpenAI's {@code n}
 * @param maxTokens maximum number of new tokens; empty for as many as fit
 * @param minTokens minimum number of new tokens, as in vLLM: before it, nothing stops
 * @param stops stop strings
 * @param stopTokens further stop tokens, as in vLLM
 */
record SamplingParams(
    TokenChoice choice,
    int count,
    Optional<Integer> maxTokens,
    int minTokens,
    List<String> stops,
    Set<Long> stopTokens) {
  private static final int MAX_COUNT = 128;
  private static final int MAX_STOPS = 4;
  private static final int MAX_STOP_TOKENS = 128;
  private static final double MAX_BIAS = 100;

  /**
   * Reads the parameters.
   *
   * @param topLogProbs number of alternatives to report; −1 for no log-probabilities
   */
  static SamplingParams of(Params params, int vocabularySize, int topLogProbs) {
    long seed =
        params
            .integer("seed", Long.MIN_VALUE, Long.MAX_VALUE)
            .orElseGet(() -> ThreadLocalRandom.current().nextLong());
    Sampling sampling =
        new Sampling(
            params.number("temperature", 1, 0, 2),
            params
                .integer("top_k", -1, Integer.MAX_VALUE)
                .map(k -> Math.max(0, k.intValue()))
                .orElse(0),
            Math.max(params.number("top_p", 1, 0, 1), Double.MIN_NORMAL),
            params.number("min_p", 0, 0, 1),
            params.number("repetition_penalty", 1, 1e-3, 10),
            seed);
    TokenChoice choice =
        new TokenChoice(
            sampling,
            params.number("presence_penalty", 0, -2, 2),
            params.number("frequency_penalty", 0, -2, 2),
            bias(params, vocabularySize),
            topLogProbs);
    return new SamplingParams(
        choice,
        params.integer("n", 1, MAX_COUNT).orElse(1L).intValue(),
        maxTokens(params),
        minTokens(params),
        stops(params),
        stopTokens(params, vocabularySize));
  }

  /** {@code max_completion_tokens} takes precedence over the older {@code max_tokens}. */
  private static Optional<Integer> maxTokens(Params params) {
    return params
        .integer("max_completion_tokens", 1, Integer.MAX_VALUE)
        .or(() -> params.integer("max_tokens", 1, Integer.MAX_VALUE))
        .map(Long::intValue);
  }

  private static int minTokens(Params params) {
    int least = params.integer("min_tokens", 0, Integer.MAX_VALUE).orElse(0L).intValue();
    int most = maxTokens(params).orElse(Integer.MAX_VALUE);
    if (least > most) {
      throw ApiException.invalid(
          "min_tokens", "min_tokens, %d, must be at most max_tokens, %d".formatted(least, most));
    }
    return least;
  }

  private static Set<Long> stopTokens(Params params, int vocabularySize) {
    String name = "stop_token_ids";
    Optional<JsonNode> given = params.value(name);
    if (given.isEmpty()) {
      return Set.of();
    }
    if (!given.get().isArray() || given.get().size() > MAX_STOP_TOKENS) {
      throw ApiException.invalid(
          name, "%s: expected a list of at most %d token ids".formatted(name, MAX_STOP_TOKENS));
    }
    return Arrays.stream(new TokenIds(name, vocabularySize).read(name, given.get()))
        .mapToObj(id -> (long) id)
        .collect(Collectors.toSet());
  }

  private static List<String> stops(Params params) {
    List<String> stops = params.texts("stop", MAX_STOPS);
    if (stops.contains("")) {
      throw ApiException.invalid("stop", "stop: a stop string is empty");
    }
    return stops;
  }

  private static Map<Integer, Double> bias(Params params, int vocabularySize) {
    Map<Integer, Double> bias = new HashMap<>();
    Optional<JsonNode> given = params.value("logit_bias");
    if (given.isPresent()) {
      if (!given.get().isObject()) {
        throw Params.wrong("logit_bias", "an object of token ids and numbers", given.get());
      }
      given
          .get()
          .properties()
          .forEach(
              entry -> bias.put(token(entry.getKey(), vocabularySize), value(entry.getValue())));
    }
    return bias;
  }

  private static int token(String id, int vocabularySize) {
    if (id.matches("[0-9]{1,9}") && Integer.parseInt(id) < vocabularySize) {
      return Integer.parseInt(id);
    }
    throw ApiException.invalid(
        "logit_bias",
        "logit_bias: expected token ids from 0 to %d, found \"%s\""
            .formatted(vocabularySize - 1, id));
  }

  private static double value(JsonNode value) {
    if (!value.isNumber() || !(Math.abs(value.doubleValue()) <= MAX_BIAS)) {
      throw ApiException.invalid("logit_bias", "logit_bias: expected numbers from -100 to 100");
    }
    return value.doubleValue();
  }

  /** The parameters of one of several completions; each has a seed of its own. */
  TokenChoice choice(int index) {
    Sampling sampling = choice.sampling();
    return new TokenChoice(
        sampling.seed(sampling.seed() + index),
        choice.presencePenalty(),
        choice.frequencyPenalty(),
        choice.bias(),
        choice.topLogProbs());
  }
}
