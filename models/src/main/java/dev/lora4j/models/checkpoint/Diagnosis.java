package dev.lora4j.models.checkpoint;

import java.util.List;

/**
 * Whether an adapter fits a base, and what is to be said of the two.
 *
 * @param findings the problems first
 */
public record Diagnosis(List<Finding> findings) {

  public Diagnosis {
    findings = List.copyOf(findings);
  }

  /** How bad a finding is. */
  public enum Severity {
    /** The adapter can't be used on this base. */
    PROBLEM,
    /** It can be used, and something is odd. */
    ODD,
    /** Good to know. */
    NOTE
  }

  /**
   * Something found.
   *
   * @param severity how bad it is
   * @param what is the matter, with what was expected and found
   * @param remedy what would help; may be empty
   */
  public record Finding(Severity severity, String what, String remedy) {}

  /** Whether the adapter can be used on this base. */
  public boolean fits() {
    return findings.stream().noneMatch(f -> f.severity() == Severity.PROBLEM);
  }
}
