package dev.lora4j.serve.task;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.serve.http.ApiException;
import java.util.List;
import org.junit.jupiter.api.Test;

class InputLimitTest {
  private static final InputLimit LIMIT = new InputLimit(1000);
  private static final List<String> TEXTS = List.of("a".repeat(300), "b".repeat(300));

  @Test
  void tokensBeyondTheLimitAreRefusedByParameter() {
    assertThatThrownBy(() -> LIMIT.require("documents", TEXTS, () -> 1001))
        .isInstanceOf(ApiException.class)
        .hasMessage("documents: at most 1,000 tokens in total, found 1,001");
  }

  @Test
  void asManyTokensAsTheLimitAreTaken() {
    assertThatCode(() -> LIMIT.require("input", TEXTS, () -> 1000)).doesNotThrowAnyException();
  }

  @Test
  void tokensOfShortTextsAreNotCounted() {
    assertThatCode(
            () ->
                LIMIT.require(
                    "input",
                    List.of("short"),
                    () -> {
                      throw new AssertionError("counted");
                    }))
        .doesNotThrowAnyException();
  }
}
