package dev.lora4j.llm.train;

import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A small language model with an adapter, and examples to train it on. */
final class SmallModel implements AutoCloseable {
  private static final int VOCABULARY = 96;

  final Pretrained base;
  final LoraModel adapted;

  private SmallModel(Pretrained base, LoraModel adapted) {
    this.base = base;
    this.adapted = adapted;
  }

  /** With PEFT's adapter, whose A and B are both far from zero. */
  static SmallModel withPeftsAdapter(String family) {
    Pretrained base = Pretrained.load(SavedFamilies.directory(family));
    LoraModel adapted = Lora.base(base.model());
    adapted.load("default", SavedFamilies.directory(family).resolve("adapter"));
    adapted.activate("default");
    return new SmallModel(base, adapted);
  }

  /** With a new adapter. */
  static SmallModel with(String family, LoraConfig config) {
    Engine.seed(5);
    Pretrained base = Pretrained.load(SavedFamilies.directory(family));
    LoraModel adapted = Lora.adapt(base.model(), config);
    base.model().train(false); // what is new drops, too
    return new SmallModel(base, adapted);
  }

  LanguageModel network() {
    return base.model();
  }

  /** Sets the first matrix of the adapter to NaN. */
  void spoil() {
    Parameter first = adapted.parameters("default").get(0);
    first.copyFrom(torch.full_like(first.value(), new Scalar(Double.NaN)));
  }

  /** Copies of the adapter's parameters, by index. */
  Map<String, Tensor> learned() {
    Map<String, Tensor> learned = new LinkedHashMap<>();
    List<Parameter> parameters = adapted.parameters("default");
    for (int i = 0; i < parameters.size(); i++) {
      learned.put("parameter " + i, Ops.keep(parameters.get(i).value().detach().clone()));
    }
    return learned;
  }

  /** Examples of 4 to 20 tokens; loss tokens are the second half and one in the first half. */
  static List<Example> examples(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<Example> examples = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int length = random.nextInt(4, 21);
      int[] tokens = random.ints(length, 3, VOCABULARY).toArray();
      boolean[] loss = new boolean[length];
      for (int t = length / 2; t < length; t++) {
        loss[t] = true;
      }
      loss[1] = true;
      examples.add(Example.of(tokens, loss));
    }
    return examples;
  }

  @Override
  public void close() {
    base.close();
  }
}
