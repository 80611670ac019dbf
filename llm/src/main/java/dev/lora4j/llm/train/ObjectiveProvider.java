package dev.lora4j.llm.train;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.DataForm;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.TrainValidationSplit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceLoader;

/**
 * Makes an {@link Objective} by name. Providers are found by {@link ServiceLoader}: to add a loss,
 * write the objective with its provider, and name the provider in {@code META-INF/services}.
 */
public interface ObjectiveProvider {

  /** Short name, such as {@code dpo}. */
  String name();

  /** Name in full, such as {@code direct preference optimisation}. */
  String fullName();

  /** The forms of data that it reads, the preferred one first. */
  List<? extends DataForm> forms();

  /** Its hyperparameters with their defaults. */
  Map<String, Double> defaults();

  /**
   * Makes the objective.
   *
   * @param groups examples in groups, as the form gives them
   * @param parameters a value for each of {@link #defaults}
   */
  Objective create(TrainValidationSplit<List<Example>> groups, Map<String, Double> parameters);

  /**
   * The defaults with other values for some of them.
   *
   * @throws UserError if one is unknown
   */
  default Map<String, Double> parameters(Map<String, Double> given) {
    Map<String, Double> all = new LinkedHashMap<>(defaults());
    given.forEach(
        (parameter, value) -> {
          if (all.replace(parameter, value) == null) {
            throw new UserError(
                "the objective %s has no parameter %s%s"
                    .formatted(name(), parameter, NearMiss.hint(parameter, all.keySet())));
          }
        });
    return all;
  }

  /** A hyperparameter out of {@link #parameters}. */
  static double value(Map<String, Double> parameters, String name) {
    return Objects.requireNonNull(parameters.get(name), name);
  }

  /** All providers. */
  static List<ObjectiveProvider> all() {
    return ServiceLoader.load(ObjectiveProvider.class, ObjectiveProvider.class.getClassLoader())
        .stream()
        .map(ServiceLoader.Provider::get)
        .toList();
  }

  /**
   * The provider with a name.
   *
   * @throws UserError if there is none, with the nearest
   */
  static ObjectiveProvider named(String name) {
    List<String> names = all().stream().map(ObjectiveProvider::name).toList();
    return all().stream()
        .filter(provider -> provider.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new UserError(
                    "no objective '%s'; known are %s%s"
                        .formatted(name, String.join(", ", names), NearMiss.hint(name, names))));
  }

  /** The provider for data of a form. */
  static ObjectiveProvider of(DataForm form) {
    return all().stream()
        .filter(provider -> provider.forms().contains(form))
        .findFirst()
        .orElseThrow(() -> new UserError("no objective trains on " + form.sentence()));
  }
}
