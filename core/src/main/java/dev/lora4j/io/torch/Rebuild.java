package dev.lora4j.io.torch;

import dev.lora4j.io.torch.PickleValue.Callable;
import dev.lora4j.io.torch.PickleValue.Dict;
import dev.lora4j.io.torch.PickleValue.Storage;
import dev.lora4j.io.torch.PickleValue.StorageType;
import dev.lora4j.io.torch.PickleValue.StridedTensor;
import dev.lora4j.io.torch.PickleValue.Text;
import dev.lora4j.io.torch.PickleValue.Tuple;
import dev.lora4j.io.torch.PickleValue.Whole;
import java.util.List;

/** The four functions that a pickle of tensors calls. */
final class Rebuild {
  private Rebuild() {}

  /** {@code ("storage", type, key, device, elements)}: an entry of the archive. */
  static Storage storage(PickleBytes at, Tuple id) {
    List<PickleValue> items = id.items();
    if (items.size() == 5
        && items.get(0).equals(new Text("storage"))
        && items.get(1) instanceof StorageType type
        && items.get(2) instanceof Text key
        && items.get(4) instanceof Whole elements
        && elements.number() >= 0) {
      return new Storage(type.dtype(), key.text(), elements.number());
    }
    throw at.corrupt("expected a storage's type, key, device and number of elements");
  }

  static PickleValue call(PickleBytes at, Callable function, Tuple arguments) {
    List<PickleValue> items = arguments.items();
    return switch (function) {
      case ORDERED_DICT -> emptyDict(at, items);
      case REBUILD_TENSOR -> tensor(at, items);
      case REBUILD_PARAMETER -> parameter(at, items);
    };
  }

  private static Dict emptyDict(PickleBytes at, List<PickleValue> items) {
    if (!items.isEmpty()) {
      throw at.corrupt("expected an empty OrderedDict, found arguments");
    }
    return new Dict();
  }

  /** {@code (storage, offset, sizes, strides, requires_grad, hooks, …)}. */
  private static StridedTensor tensor(PickleBytes at, List<PickleValue> items) {
    if (items.size() >= 4
        && items.get(0) instanceof Storage storage
        && items.get(1) instanceof Whole offset
        && items.get(2) instanceof Tuple sizes
        && items.get(3) instanceof Tuple strides
        && sizes.items().size() == strides.items().size()) {
      return new StridedTensor(
          storage, natural(at, offset), naturals(at, sizes), naturals(at, strides));
    }
    throw at.corrupt("expected a tensor's storage, offset, sizes and strides");
  }

  /** {@code (tensor, requires_grad, hooks)}. */
  private static StridedTensor parameter(PickleBytes at, List<PickleValue> items) {
    if (!items.isEmpty() && items.get(0) instanceof StridedTensor tensor) {
      return tensor;
    }
    throw at.corrupt("expected a parameter's tensor");
  }

  private static List<Long> naturals(PickleBytes at, Tuple tuple) {
    return tuple.items().stream().map(item -> natural(at, item)).toList();
  }

  private static long natural(PickleBytes at, PickleValue value) {
    if (value instanceof Whole whole && whole.number() >= 0) {
      return whole.number();
    }
    throw at.corrupt("expected 0 or more, found " + value.kind());
  }
}
