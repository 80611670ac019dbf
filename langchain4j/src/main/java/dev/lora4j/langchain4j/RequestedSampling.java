package dev.lora4j.langchain4j;

import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.lora4j.UserError;
import dev.lora4j.llm.generate.Sampling;
import dev.lora4j.serve.engine.TokenChoice;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The choice of tokens that a request asks for.
 *
 * @param maxTokens maximum number of new tokens; empty for the engine's default
 * @param stops stop strings
 */
record RequestedSampling(TokenChoice choice, Optional<Integer> maxTokens, List<String> stops) {

  /**
   * Reads the parameters of a request.
   *
   * @throws UserError if one is out of range
   */
  static RequestedSampling of(ChatRequestParameters parameters) {
    LoraChatRequestParameters all =
        LoraChatRequestParameters.builder().overrideWith(parameters).build();
    Sampling sampling =
        new Sampling(
            or(all.temperature(), 1.0),
            or(all.topK(), 0),
            or(all.topP(), 1.0),
            all.minP().orElse(0.0),
            all.repetitionPenalty().orElse(1.0),
            all.seed().orElseGet(() -> ThreadLocalRandom.current().nextLong()));
    TokenChoice choice =
        new TokenChoice(
            sampling,
            penalty("presencePenalty", or(all.presencePenalty(), 0.0)),
            penalty("frequencyPenalty", or(all.frequencyPenalty(), 0.0)),
            Map.of(),
            -1);
    return new RequestedSampling(choice, maxTokens(all), stops(all));
  }

  private static <T> T or(T given, T otherwise) {
    return Optional.ofNullable(given).orElse(otherwise);
  }

  private static double penalty(String name, double value) {
    if (!Double.isFinite(value)) {
      throw new UserError(name + " must be finite, found " + value);
    }
    return value;
  }

  private static Optional<Integer> maxTokens(ChatRequestParameters parameters) {
    Optional<Integer> tokens = Optional.ofNullable(parameters.maxOutputTokens());
    tokens
        .filter(count -> count < 1)
        .ifPresent(
            count -> {
              throw new UserError("maxOutputTokens must be at least 1, found " + count);
            });
    return tokens;
  }

  private static List<String> stops(ChatRequestParameters parameters) {
    List<String> stops = or(parameters.stopSequences(), List.of());
    if (stops.contains("")) {
      throw new UserError("stopSequences: a stop string is empty");
    }
    return stops;
  }
}
