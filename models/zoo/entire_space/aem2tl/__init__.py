"""AEM2TL: adaptive entire-space multi-scenario multi-task transfer learning."""
