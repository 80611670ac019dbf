package dev.lora4j.torchscript;

import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Slot;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;

/**
 * A reader of a script's module tree. Tensors that share memory become one parameter, and a layer
 * that appears in two slots becomes one layer, so that it is adapted once.
 */
final class ScriptReader {
  private final Map<String, Parameter> byMemory = new HashMap<>();
  private final Map<List<Object>, Module> layers = new HashMap<>();
  private final List<ParameterSlot> slots = new ArrayList<>();
  private final List<AdaptableLayer> adapted = new ArrayList<>();

  /** Returns a module's own parameters, without tensors that cannot be trained. */
  Map<String, Parameter> parameters(JitModule part) {
    Map<String, Parameter> parameters = new LinkedHashMap<>();
    ScriptPart.parameters(part)
        .forEach(
            (name, tensor) -> {
              if (tensor.is_floating_point()) {
                Parameter parameter = parameter(tensor);
                parameters.put(name, parameter);
                part.setattr(name, new IValue(parameter.value())); // one tensor per memory address
              }
            });
    return parameters;
  }

  private Parameter parameter(Tensor tensor) {
    String memory =
        "%x %s %s".formatted(tensor.data_ptr().address(), Ops.shapeOf(tensor), strides(tensor));
    return byMemory.computeIfAbsent(memory, first -> Parameter.over(tensor));
  }

  private static String strides(Tensor tensor) {
    long[] strides = new long[Math.toIntExact(tensor.dim())];
    for (int i = 0; i < strides.length; i++) {
      strides[i] = tensor.stride(i);
    }
    return Arrays.toString(strides);
  }

  /** Returns the layer for a module, or a node with its children. */
  Module module(JitModule part, String path, Map<String, Parameter> parameters) {
    List<Object> identity = List.of(ScriptPart.pythonClass(part), parameters);
    Module known = layers.get(identity);
    if (known != null) {
      return known;
    }
    Optional<Module> layer = KnownLayer.of(part, parameters);
    layer.ifPresent(l -> layers.put(identity, l));
    return layer.orElseGet(() -> new ScriptNode(part, path, this));
  }

  void add(ParameterSlot slot) {
    slots.add(slot);
  }

  /** Records the slots of a layer's weight and bias. */
  void addLayer(Slot child, String path, Map<String, Parameter> parameters) {
    AdaptableLayer layer = new AdaptableLayer(child, (WeightedLayer) child.module());
    adapted.add(layer);
    parameters.forEach(
        (attribute, parameter) ->
            add(
                new ParameterSlot(
                    path,
                    attribute,
                    parameter,
                    attribute.equals("weight") ? layer::weight : layer::bias)));
  }

  List<ParameterSlot> slots() {
    return slots;
  }

  List<AdaptableLayer> adapted() {
    return adapted;
  }
}
