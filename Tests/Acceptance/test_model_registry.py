"""The model registry: versions, approval, deployment of what is approved."""

import pytest
from botocore.exceptions import ClientError
from conftest import ACCOUNT, ROLE
from models import settled, train_linear, variant


def test_a_model_is_registered_approved_and_deployed(yard, name):
    sagemaker = yard.client("sagemaker")
    container = train_linear(yard, name)
    sagemaker.create_model_package_group(ModelPackageGroupName=name, ModelPackageGroupDescription="models of the test")
    arn = sagemaker.create_model_package(
        ModelPackageGroupName=name, ModelApprovalStatus="PendingManualApproval",
        InferenceSpecification={"Containers": [container], "SupportedContentTypes": ["text/csv"],
                                "SupportedResponseMIMETypes": ["application/json"]},
        ModelMetrics={"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": f"s3://{name}/e.json"}}},
        CustomerMetadataProperties={"accuracy": "0.97"})["ModelPackageArn"]
    assert arn == f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model-package/{name}/1"
    with pytest.raises(ClientError) as error:
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"ModelPackageName": arn})
    assert error.value.response["Error"]["Code"] == "ValidationException"
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="good enough")
    package = sagemaker.describe_model_package(ModelPackageName=arn)
    assert package["ModelApprovalStatus"] == "Approved"
    assert package["ModelPackageVersion"] == 1
    assert package["CustomerMetadataProperties"] == {"accuracy": "0.97"}
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"ModelPackageName": arn})
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant(name)])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    assert settled(yard, name)["EndpointStatus"] == "InService"
    approved = sagemaker.list_model_packages(ModelPackageGroupName=name, ModelApprovalStatus="Approved")
    assert [summary["ModelPackageArn"] for summary in approved["ModelPackageSummaryList"]] == [arn]
    found = sagemaker.search(Resource="ModelPackage", SearchExpression={"Filters": [
        {"Name": "ModelPackageGroupName", "Operator": "Equals", "Value": name}]})
    assert found["Results"][0]["ModelPackage"]["ModelPackageArn"] == arn


def test_a_training_jobs_model_leads_to_its_package(yard, name):
    sagemaker = yard.client("sagemaker")
    container = train_linear(yard, name)
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    sagemaker.create_model_package(ModelPackageGroupName=name, InferenceSpecification={
        "Containers": [container], "SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]})
    model = sagemaker.list_artifacts(SourceUri=container["ModelDataUrl"])["ArtifactSummaries"][0]["ArtifactArn"]
    lineage = sagemaker.query_lineage(StartArns=[model], Direction="Both", IncludeEdges=True)
    types = {vertex.get("Type") for vertex in lineage["Vertices"]}
    assert {"SageMakerTrainingJob", "DataSet", "Image", "ModelPackage", "ModelGroup"} <= types


def test_the_registry_survives_a_crash(own_yard, name):
    sagemaker = own_yard.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    for _ in range(3):
        sagemaker.create_model_package(ModelPackageGroupName=name)
    own_yard.restart()
    listed = own_yard.client("sagemaker").list_model_packages(ModelPackageGroupName=name)["ModelPackageSummaryList"]
    assert [summary["ModelPackageVersion"] for summary in listed] == [1, 2, 3]
