package dev.lora4j.lora;

import dev.lora4j.UserError;
import dev.lora4j.nn.Parameter;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * LoRA+: B learns faster than A (Hayou et al. 2024, arXiv:2402.12354, §4), as in PEFT's {@code
 * create_loraplus_optimizer}.
 *
 * @param ratio {@code loraplus_lr_ratio}: B's learning rate over A's, at least 1; the paper uses 16
 * @param embeddingRate {@code loraplus_lr_embedding}: the learning rate of adapted embeddings
 */
public record LoraPlus(double ratio, double embeddingRate) {
  private static final double EMBEDDING_RATE = 1e-6;

  public LoraPlus {
    if (!(ratio >= 1) || Double.isInfinite(ratio)) {
      throw new UserError("the ratio of learning rates must be at least 1, found " + ratio);
    }
    if (!(embeddingRate >= 0) || Double.isInfinite(embeddingRate)) {
      throw new UserError(
          "the embeddings' learning rate must be at least 0, found " + embeddingRate);
    }
  }

  /** A parameter group, with its learning rate and whether weight decay applies. */
  public record Group(double learningRate, boolean decays) {

    /** Returns this weight decay, or 0 if the group does not decay. */
    public double weightDecay(double weightDecay) {
      return decays ? weightDecay : 0;
    }
  }

  /** Returns settings with this ratio and PEFT's learning rate of 1e-6 for embeddings. */
  public static LoraPlus ratio(double ratio) {
    return new LoraPlus(ratio, EMBEDDING_RATE);
  }

  /** Changes the learning rate of adapted embeddings. */
  public LoraPlus embeddings(double learningRate) {
    return new LoraPlus(ratio, learningRate);
  }

  /** Returns the group of each parameter, given the learning rate of A and of whole modules. */
  public Map<Parameter, Group> groups(LoraModel model, double learningRate) {
    Map<Parameter, Group> groups = new LinkedHashMap<>();
    for (String name : model.adapterNames()) {
      model
          .adapter(name)
          .saved()
          .forEach((key, parameter) -> groups.put(parameter, group(key, parameter, learningRate)));
    }
    return groups;
  }

  private Group group(String key, Parameter parameter, double learningRate) {
    if (key.contains(".lora_embedding_")) {
      return new Group(embeddingRate, true);
    }
    boolean isVector = parameter.shape().length == 1; // a bias, a magnitude, a norm's weight
    if (key.endsWith(".lora_B.weight") || isVector) {
      return new Group(ratio * learningRate, !isVector || key.endsWith(".lora_magnitude_vector"));
    }
    return new Group(learningRate, true);
  }
}
