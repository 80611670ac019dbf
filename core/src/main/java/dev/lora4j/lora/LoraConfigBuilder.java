package dev.lora4j.lora;

import java.util.List;
import java.util.Map;

/** A config in the making: each field is the component of {@link LoraConfig} of its name. */
final class LoraConfigBuilder {
  LoraMethod method = LoraMethods.lora();
  int rank;
  double alpha;
  Targets targets = Targets.everyLinear();
  Targets exclude = Targets.none();
  double dropout;
  BiasTraining bias = BiasTraining.NONE;
  boolean loraBias;
  boolean rsLora;
  boolean dora;
  Initialization initialization = new Initialization.Standard();
  PathPatterns rankPattern = PathPatterns.none();
  PathPatterns alphaPattern = PathPatterns.none();
  List<Integer> layersToTransform = List.of();
  List<String> layersPattern = List.of();
  List<String> modulesToSave = List.of();
  List<String> targetParameters = List.of();
  Map<String, List<Long>> trainableTokens = Map.of();
  Map<String, String> otherKeys = Map.of();

  LoraConfigBuilder(int rank) {
    this.rank = rank;
    alpha = rank;
  }

  LoraConfigBuilder(LoraConfig config) {
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

  LoraConfig build() {
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
