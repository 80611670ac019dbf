package dev.lora4j.torchscript;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.nn.kernel.Ops;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/** An input or output of a script: a tensor, a tuple of values, or a dictionary of values. */
public sealed interface ScriptValue {

  /** A tensor. */
  record Single(Tensor value) implements ScriptValue {}

  /** A tuple; a list that a script returns also becomes a tuple. */
  record Row(List<ScriptValue> values) implements ScriptValue {
    public Row {
      values = List.copyOf(values);
    }
  }

  /** A dictionary with string keys. */
  record Named(Map<String, ScriptValue> values) implements ScriptValue {}

  /** Returns a value for a tensor. */
  static ScriptValue of(Tensor tensor) {
    return new Single(tensor);
  }

  /** Returns a value for a tuple of tensors. */
  static ScriptValue tuple(Tensor... tensors) {
    return new Row(Stream.of(tensors).map(ScriptValue::of).toList());
  }

  /** Returns a value for a dictionary of tensors: {@code Dict[str, Tensor]}. */
  static ScriptValue dictionary(Map<String, Tensor> tensors) {
    Map<String, ScriptValue> values = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> values.put(name, of(tensor)));
    return new Named(values);
  }

  /**
   * Returns this value as a tensor.
   *
   * @throws UserError if it is not a tensor
   */
  default Tensor tensor() {
    if (this instanceof Single single) {
      return single.value();
    }
    throw new UserError("expected a tensor, found " + describe());
  }

  /**
   * Returns an element of a tuple.
   *
   * @param index from 0
   * @throws UserError if there is no such element
   */
  default ScriptValue at(int index) {
    if (this instanceof Row row && index >= 0 && index < row.values().size()) {
      return row.values().get(index);
    }
    throw new UserError("expected a tuple with an element " + index + ", found " + describe());
  }

  /**
   * Returns the entry of a dictionary with this key.
   *
   * @throws UserError if there is no such entry
   */
  default ScriptValue get(String name) {
    if (!(this instanceof Named named)) {
      throw new UserError("expected a dictionary with '" + name + "', found " + describe());
    }
    ScriptValue value = named.values().get(name);
    if (value == null) {
      throw new UserError(
          "no '" + name + "' in the dictionary" + NearMiss.hint(name, named.values().keySet()));
    }
    return value;
  }

  /**
   * Returns the tensor of a network's output.
   *
   * @param name of the entry or number of the element; empty for the only one, or {@code logits}
   * @param fields names of a named tuple's elements; empty for any other output
   * @throws UserError if there is no such tensor; the message names those that there are
   */
  default Tensor output(Optional<String> name, List<String> fields) {
    boolean byNumber = fields.isEmpty() || name.filter(n -> n.matches("\\d+")).isPresent();
    Map<String, ScriptValue> outputs = outputs(byNumber ? List.of() : fields);
    if (name.isEmpty() && outputs.size() == 1) {
      return outputs.values().iterator().next().tensor();
    }
    String wanted = name.orElse("logits");
    ScriptValue value = outputs.get(wanted);
    if (value == null) {
      throw new UserError(
          "the network returns %s; select one of its outputs (--output): %s"
              .formatted(describe(), String.join(", ", outputs.keySet())));
    }
    return value.tensor();
  }

  private Map<String, ScriptValue> outputs(List<String> fields) {
    if (this instanceof Named named) {
      return named.values();
    }
    List<ScriptValue> values = this instanceof Row row ? row.values() : List.of(this);
    Map<String, ScriptValue> found = new LinkedHashMap<>();
    for (int i = 0; i < values.size(); i++) {
      found.put(i < fields.size() ? fields.get(i) : Integer.toString(i), values.get(i));
    }
    return found;
  }

  /** Describes this value in words. */
  default String describe() {
    if (this instanceof Row row) {
      return "a tuple of " + row.values().size();
    }
    return this instanceof Named named
        ? "a dictionary of " + named.values().keySet()
        : "a tensor " + Ops.shapeOf(tensor());
  }
}
