package dev.lora4j.llm.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalDouble;

/**
 * Progress of a run, saved beside its tensors. Data order, learning rate and dropout masks of the
 * next step follow from the number of steps.
 *
 * @param step steps taken
 * @param epoch epoch of the next step, counted from 1
 * @param loss sum over all units so far
 * @param units normalizer so far: tokens with loss, or pairs
 * @param tokens tokens so far
 * @param lossTokens tokens with loss so far
 * @param nanos duration of the steps
 * @param before validation loss before the first step
 * @param best lowest validation loss since
 * @param bestStep step of the lowest validation loss
 * @param sinceBest evaluations without improvement
 */
record CheckpointState(
    long step,
    long epoch,
    double loss,
    long units,
    long tokens,
    long lossTokens,
    long nanos,
    OptionalDouble before,
    OptionalDouble best,
    long bestStep,
    int sinceBest) {
  private static final ObjectMapper JSON = new ObjectMapper();

  static final CheckpointState START =
      new CheckpointState(
          0, 1, 0, 0, 0, 0, 0, OptionalDouble.empty(), OptionalDouble.empty(), 0, 0);

  CheckpointState before(double loss) {
    return new CheckpointState(
        step,
        epoch,
        this.loss,
        units,
        tokens,
        lossTokens,
        nanos,
        OptionalDouble.of(loss),
        best,
        bestStep,
        sinceBest);
  }

  /** State after one more step. */
  CheckpointState plus(
      TrainStep.Outcome outcome, long read, long withLoss, long time, long inEpoch) {
    return new CheckpointState(
        step + 1,
        (step + 1) / inEpoch + 1,
        loss + outcome.loss(),
        units + outcome.units(),
        tokens + read,
        lossTokens + withLoss,
        nanos + time,
        before,
        best,
        bestStep,
        sinceBest);
  }

  boolean isBest(double evaluated) {
    return best.isEmpty() || evaluated < best.getAsDouble();
  }

  CheckpointState evaluated(double evaluated) {
    boolean better = isBest(evaluated);
    return new CheckpointState(
        step,
        epoch,
        loss,
        units,
        tokens,
        lossTokens,
        nanos,
        before,
        better ? OptionalDouble.of(evaluated) : best,
        better ? step : bestStep,
        better ? 0 : sinceBest + 1);
  }

  // ---- file ----

  byte[] json() {
    ObjectNode json = JSON.createObjectNode();
    json.put("step", step).put("epoch", epoch).put("loss", loss).put("units", units);
    json.put("tokens", tokens).put("loss_tokens", lossTokens).put("nanos", nanos);
    before.ifPresent(value -> json.put("valid_loss_before", value));
    best.ifPresent(value -> json.put("best_valid_loss", value));
    json.put("best_step", bestStep).put("evaluations_since_best", sinceBest);
    return json.toPrettyString().getBytes(StandardCharsets.UTF_8);
  }

  /**
   * @throws CorruptFile if a field is missing or not a number
   */
  static CheckpointState of(Path file, JsonNode json) {
    return new CheckpointState(
        number(file, json, "step").asLong(),
        number(file, json, "epoch").asLong(),
        number(file, json, "loss").asDouble(),
        number(file, json, "units").asLong(),
        number(file, json, "tokens").asLong(),
        number(file, json, "loss_tokens").asLong(),
        number(file, json, "nanos").asLong(),
        optional(file, json, "valid_loss_before"),
        optional(file, json, "best_valid_loss"),
        number(file, json, "best_step").asLong(),
        number(file, json, "evaluations_since_best").asInt());
  }

  private static OptionalDouble optional(Path file, JsonNode json, String name) {
    return json.has(name)
        ? OptionalDouble.of(number(file, json, name).asDouble())
        : OptionalDouble.empty();
  }

  private static JsonNode number(Path file, JsonNode json, String name) {
    JsonNode value = json.path(name);
    if (!value.isNumber()) {
      throw new CorruptFile(file, "expected a number as '" + name + "', found " + value);
    }
    return value;
  }
}
