package dev.lora4j.cli.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.llm.train.LanguageModelTrainingResult;
import dev.lora4j.nn.Summary;
import java.time.Duration;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * The result of training an adapter for a language model.
 *
 * @param tuning the run
 * @param listing parameters of the adapted network
 * @param peakMegabytes peak memory of the process, where known
 * @param wall wall-clock time since the start of the process
 * @param resumedFrom the step after which the run was resumed, or 0
 */
public record LanguageResult(
    LanguageModelTrainingResult tuning,
    Summary listing,
    OptionalLong peakMegabytes,
    Duration wall,
    long resumedFrom) {

  public void fill(ObjectNode root) {
    root.put("train_loss", tuning.trainLoss());
    put(root, "valid_loss_before", tuning.validLossBefore());
    put(root, "valid_loss_after", tuning.validLossAfter());
    root.put("tokens_per_s", tuning.tokensPerSecond());
    peakMegabytes.ifPresentOrElse(
        megabytes -> root.put("peak_rss_mb", megabytes), () -> root.putNull("peak_rss_mb"));
    root.put("adapter_bytes", tuning.adapterBytes());
    root.put("steps", tuning.steps());
    root.put("seconds", NumberFormats.seconds(tuning.duration()));
    root.put("wall_seconds", NumberFormats.seconds(wall));
    root.put("adapter_step", tuning.adapterStep());
    root.put("resumed_from", resumedFrom);
    root.put("end", tuning.end().name().toLowerCase(Locale.ROOT));
    root.put("tokens", tuning.tokens());
    root.put("loss_tokens", tuning.lossTokens());
    root.put("trained_parameters", listing.trainable());
    root.put("directory", tuning.directory().toString());
  }

  private static void put(ObjectNode root, String name, OptionalDouble value) {
    value.ifPresentOrElse(number -> root.put(name, number), () -> root.putNull(name));
  }
}
