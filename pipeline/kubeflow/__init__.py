"""The pipeline on Kubeflow: its compiled specification, resources, schedules."""
