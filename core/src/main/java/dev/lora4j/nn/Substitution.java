package dev.lora4j.nn;

import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/**
 * A function of a parameter's tensor that computes nothing: it returns the tensor itself or that of
 * another parameter.
 */
@FunctionalInterface
public interface Substitution extends UnaryOperator<Tensor> {}
