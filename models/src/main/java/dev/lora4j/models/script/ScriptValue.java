package dev.lora4j.models.script;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.nn.Ops;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/** What a script takes and gives: a tensor, some values in a row, or values by name. */
public sealed interface ScriptValue {

  /** A tensor. */
  record Single(Tensor value) implements ScriptValue {}

  /** A tuple; a list that a script gives is one too. */
  record Row(List<ScriptValue> values) implements ScriptValue {
    public Row {
      values = List.copyOf(values);
    }
  }

  /** A dictionary with strings as keys. */
  record Named(Map<String, ScriptValue> values) implements ScriptValue {}

  /** A tensor. */
  static ScriptValue of(Tensor tensor) {
    return new Single(tensor);
  }

  /** A tuple of tensors. */
  static ScriptValue tuple(Tensor... tensors) {
    return new Row(Stream.of(tensors).map(ScriptValue::of).toList());
  }

  /** A dictionary of tensors: {@code Dict[str, Tensor]}. */
  static ScriptValue dictionary(Map<String, Tensor> tensors) {
    Map<String, ScriptValue> values = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> values.put(name, of(tensor)));
    return new Named(values);
  }

  /**
   * The tensor that it is.
   *
   * @throws UserError if it is something else
   */
  default Tensor tensor() {
    if (this instanceof Single single) {
      return single.value();
    }
    throw new UserError("expected a tensor, found " + describe());
  }

  /**
   * A value of a tuple.
   *
   * @param index from 0 on
   * @throws UserError if there is none
   */
  default ScriptValue at(int index) {
    if (this instanceof Row row && index >= 0 && index < row.values().size()) {
      return row.values().get(index);
    }
    throw new UserError("expected a tuple with a value " + index + ", found " + describe());
  }

  /**
   * A value of a dictionary.
   *
   * @throws UserError if there is none of this name
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

  /** What it is, in words. */
  default String describe() {
    if (this instanceof Row row) {
      return "a tuple of " + row.values().size();
    }
    return this instanceof Named named
        ? "a dictionary of " + named.values().keySet()
        : "a tensor " + Ops.shapeOf(tensor());
  }
}
