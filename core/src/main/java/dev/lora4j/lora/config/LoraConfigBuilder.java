package dev.lora4j.lora.config;

import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.lora.layer.LoraMethod;
import dev.lora4j.lora.method.LoraMethods;
import java.util.List;
import java.util.Map;

/** A mutable {@link LoraConfig}; each field is the component of the same name. */
public final class LoraConfigBuilder {
  LoraMethod method = LoraMethods.lora();
  public int rank;
  public double alpha;
  public Targets targets = Targets.everyLinear();
  public Targets exclude = Targets.none();
  double dropout;
  BiasTraining bias = BiasTraining.NONE;
  boolean loraBias;
  public boolean rsLora;
  boolean dora;
  public Initialization initialization = new Initialization.Standard();
  public PathPatterns rankPattern = PathPatterns.none();
  public PathPatterns alphaPattern = PathPatterns.none();
  public List<Integer> layersToTransform = List.of();
  public List<String> layersPattern = List.of();
  List<String> modulesToSave = List.of();
  List<String> targetParameters = List.of();
  Map<String, List<Long>> trainableTokens = Map.of();
  Map<String, String> otherKeys = Map.of();

  LoraConfigBuilder(int rank) {
    this.rank = rank;
    alpha = rank;
  }

  public LoraConfigBuilder(LoraConfig config) {
    method = config.method();
    rank = config.rank();
    alpha = config.alpha();
    targets = config.targets();
    exclude = config.exclude();
    dropout = config.dropout();
    bias = config.bias();
    loraBias = config.loraBias();
    rsLora = config.rsLora();
    dora = config.dora();
    initialization = config.initialization();
    rankPattern = config.rankPattern();
    alphaPattern = config.alphaPattern();
    layersToTransform = config.layersToTransform();
    layersPattern = config.layersPattern();
    modulesToSave = config.modulesToSave();
    targetParameters = config.targetParameters();
    trainableTokens = config.trainableTokens();
    otherKeys = config.otherKeys();
  }

  public LoraConfig build() {
    return new LoraConfig(
        method,
        rank,
        alpha,
        targets,
        exclude,
        dropout,
        bias,
        loraBias,
        rsLora,
        dora,
        initialization,
        rankPattern,
        alphaPattern,
        layersToTransform,
        layersPattern,
        modulesToSave,
        targetParameters,
        trainableTokens,
        otherKeys);
  }
}
