package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The memory that {@code lora plan} computes against the peak of a run in a process of its own. */
@EnabledOnOs(OS.LINUX)
class PlannedMemoryTest {
  private static final double TOLERANCE = 0.2;
  private static final double TOKENIZER_AND_DATA_MB = 115; // which the benchmark does without
  private static final List<String> AS_LAUNCHED =
      List.of("-Xms64m", "-Xmn24m", "-XX:+UseSerialGC", "-Dorg.bytedeco.javacpp.nopointergc=true");
  private static final String SHAPE =
      "bench train --json --steps 2 --layers 8 --hidden-size 384 --intermediate-size 1024"
          + " --heads 6 --kv-heads 2 --vocab-size 8000 --batch-size 2 --workers 2 ";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--seq-length 256",
        "--seq-length 512 --gradient-checkpointing",
      })
  void peakIsWithinAFifthOfThePlan(String options) throws IOException {
    Process process = MainProcess.of(AS_LAUNCHED, (SHAPE + options).split(" ")).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    JsonNode json = new ObjectMapper().readTree(output.substring(output.indexOf("{\"tokens")));
    double planned = json.path("planned_mb").asDouble() - TOKENIZER_AND_DATA_MB;
    assertThat(json.path("peak_rss_mb").asDouble()).isCloseTo(planned, within(TOLERANCE * planned));
  }
}
