package dev.lora4j.cli.options;

import static dev.lora4j.cli.options.HelpText.DEFAULT;

import dev.lora4j.llm.model.RopeScaling;
import dev.lora4j.llm.model.llama.Llama;
import dev.lora4j.llm.model.transformer.TransformerConfig;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import java.util.Collections;
import java.util.OptionalLong;
import picocli.CommandLine.Option;

/** The model of a benchmark: a Llama, by default of the shape of SmolLM2-135M, with an adapter. */
public final class ModelShape {
  @Option(names = "--layers", paramLabel = "N", description = "Number of layers" + DEFAULT)
  @Range(from = 1, to = 1000)
  private int layers = 30;

  @Option(names = "--hidden-size", paramLabel = "N", description = "Hidden size" + DEFAULT)
  @Range(from = 1, to = 65_536)
  private int hidden = 576;

  @Option(
      names = "--intermediate-size",
      paramLabel = "N",
      description = "Feed-forward size" + DEFAULT)
  @Range(from = 1, to = 262_144)
  private int intermediate = 1536;

  @Option(names = "--heads", paramLabel = "N", description = "Number of attention heads" + DEFAULT)
  @Range(from = 1, to = 1024)
  private int heads = 9;

  @Option(
      names = "--kv-heads",
      paramLabel = "N",
      description = "Number of key/value heads" + DEFAULT)
  @Range(from = 1, to = 1024)
  private int groups = 3;

  @Option(names = "--vocab-size", paramLabel = "N", description = "Vocabulary size" + DEFAULT)
  @Range(from = 1, to = Range.MILLION)
  private int vocabulary = 49_152;

  @Option(names = "--rank", paramLabel = "N", description = "LoRA rank" + DEFAULT)
  @Range(from = 1, to = Range.RANK)
  private int rank = 8;

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "Number of worker threads (default: one per core).")
  @Range(from = 1, to = Range.WORKERS)
  private int workers = Runtime.getRuntime().availableProcessors();

  public int workers() {
    return workers;
  }

  /** Adds an adapter on all linear layers. */
  public LoraModel adapt(Llama network) {
    return Lora.adapt(network, adapter());
  }

  /** The config of the adapter. */
  public LoraConfig adapter() {
    return LoraConfig.rank(rank).alpha(2 * rank).targets(Targets.everyLinear());
  }

  public int vocabulary() {
    return vocabulary;
  }

  public TransformerConfig config(int maxPositions) {
    return new TransformerConfig(
        "llama",
        vocabulary,
        hidden,
        intermediate,
        layers,
        heads,
        groups,
        hidden / heads,
        maxPositions,
        1e-5,
        10_000,
        new RopeScaling.None(),
        Collections.nCopies(layers, OptionalLong.empty()),
        false,
        new TransformerConfig.Biases(false, false, false),
        true,
        0);
  }
}
