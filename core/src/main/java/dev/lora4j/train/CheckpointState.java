package dev.lora4j.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.io.JsonDocument;
import java.nio.charset.StandardCharsets;
import java.util.OptionalDouble;

/**
 * Progress of a run, saved beside its tensors. Data order, learning rate and dropout masks of the
 * next step follow from the number of steps.
 *
 * @param epoch epoch of the next step, counted from 1
 * @param loss training loss so far, summed over its units, such as loss tokens
 * @param nanos duration of the steps in nanoseconds
 * @param before validation loss before the first step
 * @param best lowest validation loss since
 */
public record CheckpointState(
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

  public static final CheckpointState START =
      new CheckpointState(
          0, 1, 0, 0, 0, 0, 0, OptionalDouble.empty(), OptionalDouble.empty(), 0, 0);

  /** State with the validation loss before the first step. */
  CheckpointState before(double loss) {
    return with(OptionalDouble.of(loss), best, bestStep, sinceBest);
  }

  /** State after one more step. */
  CheckpointState plus(TrainingLoop.Taken taken, long stepsPerEpoch) {
    TrainingCallback.Step last = taken.step();
    return new CheckpointState(
        step + 1,
        (step + 1) / stepsPerEpoch + 1,
        loss + taken.loss(),
        units + taken.units(),
        tokens + last.tokens(),
        lossTokens + last.lossTokens(),
        nanos + last.duration().toNanos(),
        before,
        best,
        bestStep,
        sinceBest);
  }

  boolean isBest(double evaluated) {
    return best.isEmpty() || evaluated < best.getAsDouble();
  }

  CheckpointState evaluated(double evaluated) {
    return isBest(evaluated)
        ? with(before, OptionalDouble.of(evaluated), step, 0)
        : with(before, best, bestStep, sinceBest + 1);
  }

  /** State after an evaluation of a run that keeps its last adapter, not the best. */
  CheckpointState latest(double evaluated) {
    return with(before, OptionalDouble.of(evaluated), step, 0);
  }

  private CheckpointState with(
      OptionalDouble before, OptionalDouble best, long bestStep, int sinceBest) {
    return new CheckpointState(
        step, epoch, loss, units, tokens, lossTokens, nanos, before, best, bestStep, sinceBest);
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

  /** Reads the state, whose fields must all be numbers. */
  static CheckpointState of(JsonDocument json) {
    return new CheckpointState(
        number(json, "step").asLong(),
        number(json, "epoch").asLong(),
        number(json, "loss").asDouble(),
        number(json, "units").asLong(),
        number(json, "tokens").asLong(),
        number(json, "loss_tokens").asLong(),
        number(json, "nanos").asLong(),
        optional(json, "valid_loss_before"),
        optional(json, "best_valid_loss"),
        number(json, "best_step").asLong(),
        number(json, "evaluations_since_best").asInt());
  }

  private static OptionalDouble optional(JsonDocument json, String name) {
    return json.isPresent(name)
        ? OptionalDouble.of(number(json, name).asDouble())
        : OptionalDouble.empty();
  }

  private static JsonNode number(JsonDocument json, String name) {
    JsonNode value = json.node(name);
    if (!value.isNumber()) {
      throw json.wrong(name, "a number", value);
    }
    return value;
  }
}
