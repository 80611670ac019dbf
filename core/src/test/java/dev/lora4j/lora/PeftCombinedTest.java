package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Combined adapters have the A and B (by SVD, the product) and the logits of PEFT. The files are
 * from tools/peft_combined.py; the tolerance is that of {@link TensorAssert#isCloseTo}.
 */
class PeftCombinedTest {

  /**
   * The truncated part of a decomposition is larger than the rest, which shows its rounding error.
   */
  private static final double TOLERANCE_OF_SVD = 5e-6;

  /**
   * Returns the cases without svd_clamp, which depends on the arbitrary signs of a decomposition.
   */
  static Stream<String> cases() throws IOException {
    JsonNode index =
        new ObjectMapper().readTree(Files.readAllBytes(Fixture.path("peft/index.json")));
    return StreamSupport.stream(index.at("/combined").spliterator(), false)
        .map(entry -> entry.get("name").asText())
        .filter(name -> !name.endsWith("-clamp"));
  }

  static Stream<String> comparable() throws IOException {
    return cases().filter(name -> !isRefused(name) && !name.endsWith("-random"));
  }

  static Stream<String> refused() throws IOException {
    return cases().filter(PeftCombinedTest::isRefused);
  }

  /** Returns the cases whose A and B show the random mask, which a decomposition hides. */
  static Stream<String> random() throws IOException {
    return cases().filter(name -> name.endsWith("-random") && !name.contains("svd"));
  }

  /** Returns whether an adapter trains parameters besides A and B, which PEFT loses. */
  private static boolean isRefused(String name) {
    return name.endsWith("-dora") || name.endsWith("-lora_bias");
  }

  @ParameterizedTest
  @MethodSource("comparable")
  void factorsAndLogitsEqualPefts(String name, @TempDir Path directory) throws IOException {
    try (PointerScope scope = new PointerScope();
        PeftCombined combined = new PeftCombined(name, directory)) {
      combined.combine();

      Fixture fixture = combined.fixture;
      boolean bySvd = combined.about().get("compare").asText().equals("delta and logits");
      double tolerance = bySvd ? TOLERANCE_OF_SVD : PeftCombined.TOLERANCE;
      combined
          .deltas()
          .forEach(
              (path, delta) -> {
                Tensor expected = fixture.tensor("delta." + path).div(combined.peftsExcess());
                TensorAssert.assertThat(delta).as(path).isCloseTo(expected, tolerance);
              });
      assertThat(combined.deltas().keySet()).isEqualTo(fixture.tensors("delta.").keySet());
      if (!bySvd) {
        combined.checkFactors();
      }
      if (!name.endsWith("-rslora")) {
        fixture.check("logits", combined.logits(), tolerance);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("comparable")
  void combinedAdapterIsSavedAndLoaded(String name, @TempDir Path directory) throws IOException {
    try (PointerScope scope = new PointerScope();
        PeftCombined combined = new PeftCombined(name, directory)) {
      combined.combine();
      Tensor logits = combined.logits();

      combined.model.save("combined", directory.resolve("saved"));
      combined.model.load("again", directory.resolve("saved"));
      combined.model.activate("again");

      TensorAssert.assertThat(combined.model.forward(combined.input())).isExactly(logits);
    }
  }

  /** Each value of PEFT's A and B is a result of our combiner for some choice of dropped values. */
  @ParameterizedTest
  @MethodSource("random")
  void dropAndRescaleEqualsPefts(String name, @TempDir Path directory) throws IOException {
    try (PointerScope scope = new PointerScope();
        PeftCombined combined = new PeftCombined(name, directory)) {
      combined.combine();

      for (String key : combined.model.adapter("combined").saved().keySet()) {
        assertThat(combined.outcomes(key, combined.fixture.tensor(PeftCombined.KEY + key)))
            .isEqualTo(4);
        assertThat(combined.outcomes(key, combined.factor("combined", key))).isEqualTo(4);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("refused")
  void adaptersThatPeftWouldTruncateAreRefused(String name, @TempDir Path directory)
      throws IOException {
    try (PointerScope scope = new PointerScope();
        PeftCombined combined = new PeftCombined(name, directory)) {
      assertThatThrownBy(combined::combine)
          .isInstanceOf(UserError.class)
          .hasMessageContaining("'first' has")
          .hasMessageContaining("'second' has")
          .hasMessageContaining("would be lost");
      assertThat(combined.model.adapterNames()).containsExactly("first", "second");
    }
  }
}
