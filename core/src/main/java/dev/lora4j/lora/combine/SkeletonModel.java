package dev.lora4j.lora.combine;

import dev.lora4j.UserError;
import dev.lora4j.lora.format.StoredAdapter;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.conv.Conv;
import dev.lora4j.nn.conv.ConvOptions;
import dev.lora4j.nn.runtime.Engine;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A base without weights from adapters' paths and sizes; each weight is one expanded zero. */
public final class SkeletonModel extends Module {
  private static final String EMBEDDING_A = ".lora_embedding_A";
  private static final String EMBEDDING_B = ".lora_embedding_B";

  private SkeletonModel() {}

  public static SkeletonModel of(List<StoredAdapter> adapters) {
    Engine.start();
    SkeletonModel skeleton = new SkeletonModel();
    try (PointerScope scope = new PointerScope()) {
      for (StoredAdapter adapter : adapters) {
        adapter.paths().forEach(path -> skeleton.put(path, layer(path, adapter)));
      }
    }
    return skeleton;
  }

  private static Module layer(String path, StoredAdapter adapter) {
    if (adapter.tensors().containsKey(path + EMBEDDING_A)) {
      return embedding(
          path, adapter.tensor(path + EMBEDDING_A), adapter.tensor(path + EMBEDDING_B));
    }
    Tensor a = adapter.tensor(path + StoredAdapter.A);
    Tensor b = adapter.tensor(path + StoredAdapter.B);
    if (a.dim() < 2 || a.dim() > 5 || a.dim() != b.dim() || b.size(1) < 1) {
      throw unknown(path, a, b);
    }
    return a.dim() == 2 ? Linear.sharing(zeros(b.size(0), a.size(1))) : convolution(a, b);
  }

  /** Creates an embedding for A {@code [rank, rows]} and B {@code [columns, rank]}. */
  private static Module embedding(String path, Tensor a, Tensor b) {
    if (a.dim() != 2 || b.dim() != 2 || b.size(1) < 1) {
      throw unknown(path, a, b);
    }
    return Embedding.sharing(zeros(a.size(1), b.size(0)), OptionalLong.empty());
  }

  private static UserError unknown(String path, Tensor a, Tensor b) {
    return new UserError(
        "%s: A %s and B %s match no supported layer"
            .formatted(path, Arrays.toString(a.shape()), Arrays.toString(b.shape())));
  }

  /**
   * Creates a convolution for A {@code [rank, in, kernel…]}, B {@code [out, rank / groups, 1…]}.
   */
  private static Module convolution(Tensor a, Tensor b) {
    long groups = Math.max(1, a.size(0) / b.size(1));
    long[] shape = a.shape();
    long[] kernel = Arrays.copyOfRange(shape, 2, shape.length);
    shape[0] = b.size(0);
    shape[1] = a.size(1) / groups;
    return Conv.sharing(
        zeros(shape),
        Optional.empty(),
        ConvOptions.kernel(kernel).withGroups(groups).withoutBias());
  }

  private static Parameter zeros(long... shape) {
    return Parameter.over(torch.zeros(1).expand(shape));
  }

  private void put(String path, Module layer) {
    SkeletonModel parent = this;
    String[] names = path.split("\\.");
    for (String name : Arrays.copyOf(names, names.length - 1)) {
      parent = parent.below(path, name);
    }
    String last = names[names.length - 1];
    Module present = parent.children().get(last);
    if (present == null) {
      parent.child(last, layer);
      return;
    }
    if (!isAlike(present, layer)) {
      throw new UserError(
          path + ": the adapters' layers differ in kind or size, so their bases differ");
    }
    layer.close();
  }

  private SkeletonModel below(String path, String name) {
    Module present = children().get(name);
    if (present instanceof SkeletonModel skeleton) {
      return skeleton;
    }
    if (present != null) {
      throw new UserError(path + " is below another adapted layer; give the base too");
    }
    SkeletonModel made = new SkeletonModel();
    child(name, made);
    return made;
  }

  private static boolean isAlike(Module one, Module other) {
    return one.getClass() == other.getClass() && Arrays.equals(shape(one), shape(other));
  }

  private static long[] shape(Module layer) {
    return layer.namedParameters().values().iterator().next().shape();
  }

  @Override
  public Tensor forward(Tensor input) {
    throw new IllegalStateException("a skeleton model has no forward");
  }
}
