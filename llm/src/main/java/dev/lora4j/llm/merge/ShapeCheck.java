package dev.lora4j.llm.merge;

import dev.lora4j.llm.checkpoint.LayerKinds;
import dev.lora4j.llm.checkpoint.WeightsOnly;
import dev.lora4j.llm.merge.Diagnosis.Finding;
import dev.lora4j.llm.merge.Diagnosis.Severity;
import dev.lora4j.lora.format.StoredAdapter;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** Compares the shapes of an adapter and a base, and proposes a reason if they differ. */
final class ShapeCheck {
  private final WeightsOnly network;
  private final Map<String, List<String>> byReason = new LinkedHashMap<>();
  private final List<String> vocabulary = new ArrayList<>();
  private int compared;
  private int wrong;

  private ShapeCheck(WeightsOnly network) {
    this.network = network;
  }

  static List<Finding> of(WeightsOnly network, StoredAdapter adapter) {
    ShapeCheck check = new ShapeCheck(network);
    Map<String, Module> modules = network.namedModules();
    Map<String, Tensor> seconds = new LinkedHashMap<>();
    adapter
        .tensors()
        .forEach(
            (key, tensor) -> {
              if (AdapterTensor.part(key).isB()) {
                seconds.put(AdapterTensor.path(key), tensor);
              }
            });
    adapter
        .tensors()
        .forEach(
            (key, tensor) -> {
              String path = AdapterTensor.path(key);
              Module module = modules.get(path);
              Tensor b = seconds.get(path);
              if (AdapterTensor.part(key).isA()
                  && b != null
                  && module instanceof WeightedLayer layer) {
                check.factors(path, layer, tensor, b);
              } else if (AdapterTensor.part(key) == AdapterTensor.Part.WHOLE && module != null) {
                check.whole(key, module, tensor);
              }
            });
    return check.findings();
  }

  private void factors(String path, WeightedLayer layer, Tensor a, Tensor b) {
    compared++;
    long[] weight = layer.store().shape();
    long outputs = weight[layer.outputAxis()];
    long[] inputs =
        weight.length == 2
            ? new long[] {weight[1 - layer.outputAxis()]}
            : Arrays.copyOfRange(weight, 1, weight.length);
    long[] shapeA = Ops.shape(a);
    long[] shapeB = Ops.shape(b);
    long[] adapterInputs = Arrays.copyOfRange(shapeA, Math.min(1, shapeA.length), shapeA.length);
    boolean fits = Arrays.equals(adapterInputs, inputs) && shapeB[0] == outputs;
    if (fits) {
      return;
    }
    wrong++;
    String difference =
        "%s: the base's weight is %s, the adapter's A is %s and B %s"
            .formatted(
                path, Arrays.toString(weight), Arrays.toString(shapeA), Arrays.toString(shapeB));
    reason(path, difference, outputs, inputs, shapeA, shapeB);
  }

  private void reason(
      String path, String difference, long outputs, long[] inputs, long[] a, long[] b) {
    boolean matrices = a.length == 2 && b.length == 2 && inputs.length == 1;
    if (matrices && a[0] == inputs[0] && b[1] == outputs) {
      add(
          "A and B are transposed, as in mlx-lm; convert the adapter"
              + " ('lora convert') instead of renaming its tensors",
          difference);
    } else if (matrices && a[1] == outputs && b[0] == inputs[0]) {
      add(
          "the base's weight is transposed; put the base's config.json beside it, or is it GPT-2's"
              + " Conv1D converted to a linear layer?",
          difference);
    } else if (matrices && isOfVocabulary(path) && (a[1] == inputs[0]) != (b[0] == outputs)) {
      vocabulary.add(difference);
    } else {
      add("", difference);
    }
  }

  private void whole(String key, Module module, Tensor tensor) {
    Parameter own = module.ownParameters().get(key.substring(key.lastIndexOf('.') + 1));
    if (own == null || Arrays.equals(own.shape(), Ops.shape(tensor))) {
      return;
    }
    String difference =
        "%s: the base's is %s, the adapter's %s"
            .formatted(key, Arrays.toString(own.shape()), Ops.shapeOf(tensor));
    if (isOfVocabulary(AdapterTensor.path(key))) {
      vocabulary.add(difference);
    } else {
      add("", difference);
    }
  }

  private boolean isOfVocabulary(String path) {
    return LayerKinds.isEmbedding(path) || network.headPath().filter(path::equals).isPresent();
  }

  private void add(String reason, String difference) {
    byReason.computeIfAbsent(reason, r -> new ArrayList<>()).add(difference);
  }

  private List<Finding> findings() {
    List<Finding> findings = new ArrayList<>();
    if (!vocabulary.isEmpty()) {
      findings.add(
          new Finding(
              Severity.PROBLEM,
              "the vocabularies differ: " + Doctor.some(vocabulary),
              "tokens were added before training; enlarge the base, with 'lora resize --model BASE"
                  + " --adapter ADAPTER --out NEW', and use that one"));
    }
    byReason.forEach(
        (reason, differences) ->
            findings.add(
                new Finding(
                    Severity.PROBLEM,
                    "%d shapes don't fit: %s"
                        .formatted(differences.size(), Doctor.some(differences)),
                    reason.isEmpty() ? guess() : reason)));
    return findings;
  }

  private String guess() {
    return compared == wrong
        ? "no layer has the adapter's shapes: it was made for another base, a larger or smaller one"
        : "a base of the same family with other sizes? Compare the two config.json";
  }
}
